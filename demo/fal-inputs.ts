/**
 * Input fields of fal's endpoints by its documentation, independent of the server's own list. fal ignores unknown fields:
 * a wrong name silently trains without a trigger or generates another person.
 */
const INPUTS: Readonly<Record<string, readonly string[]>> = {
  'fal-ai/flux-lora-portrait-trainer': [
    'images_data_url',
    'trigger_phrase',
    'learning_rate',
    'steps',
    'multiresolution_training',
    'subject_crop',
    'create_masks',
    'data_archive_format',
    'resume_from_checkpoint',
  ],
  'fal-ai/flux-pro-trainer': [
    'data_url',
    'finetune_comment',
    'mode',
    'iterations',
    'learning_rate',
    'priority',
    'captioning',
    'trigger_word',
    'lora_rank',
    'finetune_type',
  ],
  'fal-ai/flux-lora': [
    'prompt',
    'loras',
    'image_size',
    'num_inference_steps',
    'guidance_scale',
    'num_images',
    'seed',
    'enable_safety_checker',
    'output_format',
    'acceleration',
    'sync_mode',
  ],
  'fal-ai/flux-pro/v1.1-ultra-finetuned': [
    'prompt',
    'finetune_id',
    'finetune_strength',
    'aspect_ratio',
    'num_images',
    'seed',
    'enhance_prompt',
    'raw',
    'image_url',
    'image_prompt_strength',
    'enable_safety_checker',
    'safety_tolerance',
    'output_format',
    'sync_mode',
  ],
};

/** Fields that the endpoint does not have; all fields for an unknown endpoint. */
export function unknownFields(endpoint: string, input: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(input).filter((field) => INPUTS[endpoint]?.includes(field) !== true);
}
