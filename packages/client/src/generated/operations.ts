/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocument } from '../typed-document.ts';
/** State of the newest training. Use `isReady` to check whether the avatar can generate images. */
export type AvatarStatus =
  /** The training was cancelled. */
  | 'CANCELLED'
  /** The training has succeeded and its artifact is available, or the avatar was imported. */
  | 'COMPLETED'
  /** No training has been started. */
  | 'DRAFT'
  /** The training has ended without an artifact. See `error`. */
  | 'FAILED'
  /** The training is submitted and has not started. If `error` is set, fal may not have received it. */
  | 'QUEUED'
  /** fal is running the training. */
  | 'TRAINING';

/** Input of `cancelGeneration`. */
export type CancelGenerationInput = {
  /** ID of the generation to cancel. */
  generationId: string | number;
};

/** Input of `cancelTraining`. */
export type CancelTrainingInput = {
  /** ID of the avatar whose training to cancel. */
  avatarId: string | number;
};

/** Input of `createAvatar`. */
export type CreateAvatarInput = {
  /** The caller’s own ID of the avatar, 1 to 200 characters. Refused with CONFLICT if another avatar of the caller has it. */
  externalId?: string | null | undefined;
  /** Idempotency key, unique per caller among those of `createAvatar` and `importAvatar`. A repeated call with the same key and input creates nothing and returns the current state of the first call’s avatar, or NOT_FOUND if it has been deleted. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** Name of the avatar, 1 to 100 characters. */
  name: string;
  /** Tags: at most 20, each of 1 to 50 characters. Repeated tags count once. Default: none. */
  tags?: Array<string> | null | undefined;
  /** Subject of the avatar’s trainings. */
  trainingType: TrainingType;
  /** Phrase that refers to the avatar in a prompt, 1 to 50 characters. Default: a generated, unique phrase. */
  triggerPhrase?: string | null | undefined;
};

/** Input of `createPhotoUploads`. */
export type CreatePhotoUploadsInput = {
  /** ID of the avatar that the photos show. */
  avatarId: string | number;
  /** The files, 1 to 60. */
  files: Array<PhotoFileInput>;
};

/** Input of `deleteAvatar`. */
export type DeleteAvatarInput = {
  /** ID of the avatar to delete. */
  avatarId: string | number;
};

/** Input of `deleteGeneration`. */
export type DeleteGenerationInput = {
  /** ID of the generation to delete. */
  generationId: string | number;
};

/** Input of `deletePhoto`. */
export type DeletePhotoInput = {
  /** ID of the photo to delete. */
  photoId: string | number;
};

/** Machine-readable reason for a warning. */
export type DryRunWarningCode =
  /** The run leaves at most a tenth of a limit. */
  | 'LIMIT_NEAR'
  /** The cost cannot be estimated. */
  | 'PRICE_UNKNOWN'
  /** The idempotency key was used before, so the call would start nothing. */
  | 'REPEATED_CALL'
  /** The seed of the input is an example, because none was given. */
  | 'SEED_IS_EXAMPLE'
  /** fal has deprecated the trainer. The message names a replacement. */
  | 'TRAINER_DEPRECATED'
  /** The trigger phrase is added to the prompt. */
  | 'TRIGGER_PHRASE_ADDED';

/** Machine-readable reason for an error. */
export type ErrorCode =
  /** The request conflicts with the current state: a run of the avatar is already under way, there is no run to cancel, or another avatar has the external ID. */
  | 'CONFLICT'
  /** The idempotency key was already used with a different input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** An item of a list failed unexpectedly, and its run may have started. Repeat the call with the same idempotency key. */
  | 'INTERNAL_ERROR'
  /** An input value is not allowed. The message names the field, the value and the allowed values. */
  | 'INVALID_INPUT'
  /** A quota or rate limit of this server is exceeded. */
  | 'LIMIT_EXCEEDED'
  /** The run or its result is no longer available at fal. */
  | 'LOST'
  /** The object does not exist or belongs to another owner. The response is the same for both. */
  | 'NOT_FOUND'
  /** The avatar or the training has no artifact, or none that this server can use. */
  | 'NOT_READY'
  /** The operator of this server confirmed that the submit with unknown outcome started no run. It counts towards no quota. */
  | 'NOT_STARTED'
  /** The run failed at fal. The message contains fal’s reason. */
  | 'PROVIDER_FAILED'
  /** fal rejected the request. The message contains fal’s reason. */
  | 'PROVIDER_REJECTED'
  /** fal is unreachable or overloaded, or this server currently submits no runs. No run was started. */
  | 'PROVIDER_UNAVAILABLE'
  /** fal’s response lacks required parts of the result. `falResponseData` contains the response. */
  | 'RESULT_INVALID'
  /** The run was submitted, but fal’s response was lost, so the run may have started. It is not submitted again. A webhook, a cancellation, the operator of this server or a deadline resolves the outcome. */
  | 'SUBMIT_OUTCOME_UNKNOWN';

/** Input of `generateImage`. */
export type GenerateImageInput = {
  /** ID of the avatar to generate images of. */
  avatarId: string | number;
  /** Previews the call: sends and writes nothing, and returns `DryRun` with the input for fal and its estimated cost. All checks of this server apply, but not whether fal currently accepts runs. Does not use up the idempotency key. Default: false. */
  dryRun?: boolean | null | undefined;
  /** How closely the images follow the prompt. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no guidance scale. Default: the default of the endpoint. */
  guidanceScale?: number | null | undefined;
  /** Height of the images in pixels. Requires `width`, and has the same limits. */
  height?: number | null | undefined;
  /** Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** Number of inference steps. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no inference steps. Default: the default of the endpoint. */
  inferenceSteps?: number | null | undefined;
  /** Number of images, 1 to 4. */
  numImages?: number | null | undefined;
  /** File format of the images. Default: the default of the endpoint. */
  outputFormat?: OutputFormat | null | undefined;
  /** Prompt, 1 to 4000 characters. The avatar’s trigger phrase is added if it is missing. */
  prompt: string;
  /** Seed, a whole number from 0 to 2147483647. The same input with the same seed gives the same image. Default: a random seed in this range; see `Generation.seed`. */
  seed?: number | null | undefined;
  /** Size of the images, by name. Default: PORTRAIT_4_3 for a PORTRAIT avatar, SQUARE for a STYLE avatar. Not together with `width` and `height`. */
  size?: ImageSize | null | undefined;
  /** Weight of the artifact: with the built-in generators 0 to 4 for a LoRA, 0 to 2 for a finetune. Default: 1. */
  strength?: number | null | undefined;
  /** Maximum time to wait for the images, in seconds, 0 to 60. The call returns as soon as the generation has ended. */
  waitSeconds?: number | null | undefined;
  /** Width of the images in pixels. Requires `height`. The endpoint determines the limits; a refusal names them. Refused if the endpoint takes named sizes only. */
  width?: number | null | undefined;
};

/** Input of `generateImages`. */
export type GenerateImagesInput = {
  /** ID of the avatar to generate images of. */
  avatarId: string | number;
  /** Idempotency key, unique per caller among those of `generateImages`. A repeated call with the same key compares each item with the item at the same position of the first call. An equal item starts nothing and returns the current state of its generation. A different item is refused with IDEMPOTENCY_CONFLICT. An item that was refused is started. */
  idempotencyKey?: string | null | undefined;
  /** Prompts with their options, 1 to 10. */
  items: Array<GenerateImagesItem>;
  /** Maximum time to wait for the images, in seconds, 0 to 60. The call returns as soon as all generations have ended. */
  waitSeconds?: number | null | undefined;
};

/** The images of one prompt. The fields are those of `generateImage`. */
export type GenerateImagesItem = {
  /** How closely the images follow the prompt. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no guidance scale. Default: the default of the endpoint. */
  guidanceScale?: number | null | undefined;
  /** Height of the images in pixels. Requires `width`, and has the same limits. */
  height?: number | null | undefined;
  /** Number of inference steps. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no inference steps. Default: the default of the endpoint. */
  inferenceSteps?: number | null | undefined;
  /** Number of images, 1 to 4. */
  numImages?: number | null | undefined;
  /** File format of the images. Default: the default of the endpoint. */
  outputFormat?: OutputFormat | null | undefined;
  /** Prompt, 1 to 4000 characters. The avatar’s trigger phrase is added if it is missing. */
  prompt: string;
  /** Seed, a whole number from 0 to 2147483647. The same input with the same seed gives the same image. Default: a random seed in this range; see `Generation.seed`. */
  seed?: number | null | undefined;
  /** Size of the images, by name. Default: PORTRAIT_4_3 for a PORTRAIT avatar, SQUARE for a STYLE avatar. Not together with `width` and `height`. */
  size?: ImageSize | null | undefined;
  /** Weight of the artifact: with the built-in generators 0 to 4 for a LoRA, 0 to 2 for a finetune. Default: 1. */
  strength?: number | null | undefined;
  /** Width of the images in pixels. Requires `height`. The endpoint determines the limits; a refusal names them. Refused if the endpoint takes named sizes only. */
  width?: number | null | undefined;
};

/** State of a generation. */
export type GenerationStatus =
  /** The generation was cancelled. */
  | 'CANCELLED'
  /** The images are available. */
  | 'COMPLETED'
  /** The generation has ended without images. See `error`. */
  | 'FAILED'
  /** The generation is submitted and has not started. If `error` is set, fal may not have received it. */
  | 'QUEUED'
  /** fal is generating the images. */
  | 'RUNNING';

/** Size of an image by its ratio. The endpoint determines the number of pixels. */
export type ImageSize =
  /** Width to height 4:3. */
  | 'LANDSCAPE_4_3'
  /** Width to height 16:9. */
  | 'LANDSCAPE_16_9'
  /** Width to height 3:4. */
  | 'PORTRAIT_4_3'
  /** Width to height 9:16. */
  | 'PORTRAIT_16_9'
  /** Width to height 1:1. */
  | 'SQUARE';

/** Input of `importAvatar`. */
export type ImportAvatarInput = {
  /** The caller’s own ID of the avatar, 1 to 200 characters. Refused with CONFLICT if another avatar of the caller has it. */
  externalId?: string | null | undefined;
  /** ID of the finetune at fal, 1 to 256 characters. Required for a trainer that makes a finetune. Only its format is checked: if it does not exist, the first generation fails. */
  finetuneId?: string | null | undefined;
  /** Idempotency key, unique per caller among those of `createAvatar` and `importAvatar`. A repeated call with the same key and input creates nothing and returns the current state of the first call’s avatar, or NOT_FOUND if it has been deleted. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** http(s) URL of the LoRA file, in the format safetensors, up to 5 GB, at a public address. Required for a trainer that makes a LoRA; it must remain available, because fal fetches it for every image. This server checks its header with one request. */
  loraUrl?: string | null | undefined;
  /** Name of the avatar, 1 to 100 characters. */
  name: string;
  /** Tags: at most 20, each of 1 to 50 characters. Repeated tags count once. Default: none. */
  tags?: Array<string> | null | undefined;
  /** Trainer that made the artifact, or one with the same generator. It determines the endpoint of generations. */
  trainer: Trainer;
  /** Subject that the artifact was trained for. */
  trainingType: TrainingType;
  /** Phrase that the artifact was trained with, 1 to 50 characters. */
  triggerPhrase: string;
};

/** File format of an image. */
export type OutputFormat =
  /** `image/jpeg`. */
  | 'JPEG'
  /** `image/png`. */
  | 'PNG';

/** A file to upload. */
export type PhotoFileInput = {
  /** Caption of the photo for the training, 1 to 1000 characters. Default: a caption by the trainer. */
  caption?: string | null | undefined;
  /** Name of the file without its folder, 1 to 200 characters. For display only: its extension is ignored. */
  name: string;
  /** Exact size of the file in bytes, at most 20 MB. */
  size: number;
};

/** Reason why a photo was refused. */
export type PhotoRefusalCode =
  /** The photo is incomplete or damaged. Export it again. */
  | 'DAMAGED'
  /** This avatar already has a photo with the same bytes. */
  | 'DUPLICATE'
  /** HEIC is not supported. Export the photo as JPEG; on an iPhone, choose “Most Compatible” in Settings → Camera → Formats. */
  | 'HEIC_NOT_SUPPORTED'
  /** The file is not an image. Send a JPEG, PNG or WebP file. */
  | 'NOT_AN_IMAGE'
  /** The photo has too many pixels: at most 100 million are allowed, 25 million in a WebP file, a progressive JPEG or an interlaced PNG, and 20000 on a side. */
  | 'TOO_MANY_PIXELS'
  /** The photo is too small: each side needs at least 256 pixels. */
  | 'TOO_SMALL'
  /** This image type is not supported. Send a JPEG, PNG or WebP file. */
  | 'TYPE_NOT_SUPPORTED';

/** State of a photo. */
export type PhotoState =
  /** The next training may use the photo. */
  | 'ACCEPTED'
  /** The photo is not uploaded yet, or is being checked. */
  | 'PENDING'
  /** The file cannot be used and is not stored. See `code`. */
  | 'REFUSED';

/** Weakness of an accepted photo. */
export type PhotoWarningCode =
  /** The photo is blurred. */
  | 'BLURRED'
  /** The shorter side has less than 512 pixels: it has little detail to learn from. */
  | 'LOW_RESOLUTION'
  /** The photo is similar to another one. Different poses and places improve the training. */
  | 'SIMILAR'
  /** The photo is overexposed. */
  | 'TOO_BRIGHT'
  /** The photo is very dark. */
  | 'TOO_DARK';

/** Source of a price. */
export type PriceSource =
  /** The endpoint’s page at fal. */
  | 'MODEL_PAGE'
  /** A third party, such as another customer of fal. */
  | 'THIRD_PARTY';

/** Unit of a price. */
export type PriceUnit =
  /** An image of any size. */
  | 'IMAGE'
  /** 1024 × 1024 pixels, rounded up for each image. */
  | 'MEGAPIXEL'
  /** A training of 1000 steps. */
  | 'RUN'
  /** A training step. */
  | 'STEP';

/** Source of a progress value. Values come from fal and are never estimated. */
export type ProgressSource =
  /** Log lines of the trainer. */
  | 'LOGS'
  /** Status of fal’s queue. */
  | 'QUEUE'
  /** Result of the completed training. */
  | 'RESULT';

/** Input of `promote`. */
export type PromoteInput = {
  /** ID of the training whose artifact to use. */
  trainingId: string | number;
};

/** Input of `regenerate`. */
export type RegenerateInput = {
  /** Previews the call: sends and writes nothing, and returns `DryRun` with the input for fal and its estimated cost. All checks of this server apply, but not whether fal currently accepts runs. Does not use up the idempotency key. Default: false. */
  dryRun?: boolean | null | undefined;
  /** ID of the generation to repeat. */
  generationId: string | number;
  /** How closely the images follow the prompt. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no guidance scale. Default: as in the earlier generation. */
  guidanceScale?: number | null | undefined;
  /** Height of the images in pixels. Requires `width`, and has the same limits. */
  height?: number | null | undefined;
  /** Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** Number of inference steps. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no inference steps. Default: as in the earlier generation. */
  inferenceSteps?: number | null | undefined;
  /** Number of images, 1 to 4. Default: as in the earlier generation. */
  numImages?: number | null | undefined;
  /** File format of the images. Default: as in the earlier generation. */
  outputFormat?: OutputFormat | null | undefined;
  /** Prompt, 1 to 4000 characters. The avatar’s trigger phrase is added if it is missing. Default: as in the earlier generation. */
  prompt?: string | null | undefined;
  /** Seed, a whole number from 0 to 2147483647. The same input with the same seed gives the same image. Default: as in the earlier generation. */
  seed?: number | null | undefined;
  /** Size of the images, by name. Default: as in the earlier generation. Not together with `width` and `height`. */
  size?: ImageSize | null | undefined;
  /** Weight of the artifact: with the built-in generators 0 to 4 for a LoRA, 0 to 2 for a finetune. Default: as in the earlier generation. */
  strength?: number | null | undefined;
  /** Maximum time to wait for the images, in seconds, 0 to 60. The call returns as soon as the generation has ended. */
  waitSeconds?: number | null | undefined;
  /** Width of the images in pixels. Requires `height`. The endpoint determines the limits; a refusal names them. Refused if the endpoint takes named sizes only. */
  width?: number | null | undefined;
};

/** Input of `startTraining`. */
export type StartTrainingInput = {
  /** ID of the avatar to train. */
  avatarId: string | number;
  /** Previews the call: sends and writes nothing, and returns `DryRun` with the input for fal and its estimated cost. All checks of this server apply, but not whether fal currently accepts runs. Does not use up the idempotency key. Default: false. */
  dryRun?: boolean | null | undefined;
  /** Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** http(s) URL of a zip archive of photos. fal must be able to fetch it without credentials. Default: the accepted photos of the avatar, which are uploaded to fal during the call; fal deletes them after two days. */
  imagesUrl?: string | null | undefined;
  /** Whether to keep the photos of the avatar after a successful training. By default they are deleted. Not allowed together with `imagesUrl`. */
  keepPhotos?: boolean | null | undefined;
  /** Number of training steps. Limits and default: see the `trainers` query. */
  steps?: number | null | undefined;
  /** Trainer to use. Default: see `defaultFor` in the `trainers` query. */
  trainer?: Trainer | null | undefined;
};

/** Training endpoint of fal. The `trainers` query returns the properties of each. */
export type Trainer =
  /** fal-ai/flux-2-trainer. */
  | 'FLUX_2'
  /** fal-ai/flux-2-trainer-v2. */
  | 'FLUX_2_V2'
  /** fal-ai/flux-krea-trainer. */
  | 'FLUX_KREA'
  /** fal-ai/flux-lora-fast-training. */
  | 'FLUX_LORA_FAST'
  /** fal-ai/flux-lora-portrait-trainer. */
  | 'FLUX_LORA_PORTRAIT'
  /** fal-ai/flux-pro-trainer. fal has deprecated fal-ai/flux-pro-trainer; use the trainer FLUX_LORA_FAST instead. */
  | 'FLUX_PRO'
  /** fal-ai/qwen-image-trainer. */
  | 'QWEN_IMAGE'
  /** fal-ai/turbo-flux-trainer. */
  | 'TURBO_FLUX'
  /** fal-ai/z-image-turbo-trainer-v2. */
  | 'Z_IMAGE_TURBO_V2';

/** State of a training. */
export type TrainingStatus =
  /** The training was cancelled. */
  | 'CANCELLED'
  /** The training has succeeded. */
  | 'COMPLETED'
  /** The training has ended without an artifact. See `error`. */
  | 'FAILED'
  /** The training is submitted and has not started. If `error` is set, fal may not have received it. */
  | 'QUEUED'
  /** fal is running the training. */
  | 'TRAINING';

/** Subject of a training. */
export type TrainingType =
  /** A person. */
  | 'PORTRAIT'
  /** A visual style. */
  | 'STYLE';

/** Reason why this server cannot start runs at the moment. It does not depend on the caller’s input. */
export type UnavailableReason =
  /** fal refuses the account of this server, because its balance is exhausted. */
  | 'BALANCE_EXHAUSTED'
  /** fal is too busy. */
  | 'BUSY'
  /** fal refuses the key of this server. */
  | 'KEY_REFUSED';

/** Input of `updateAvatar`. Absent fields stay as they are. */
export type UpdateAvatarInput = {
  /** ID of the avatar to change. */
  avatarId: string | number;
  /** New external ID, 1 to 200 characters; null removes it. Refused with CONFLICT if another avatar of the caller has it. */
  externalId?: string | null | undefined;
  /** New name, 1 to 100 characters. */
  name?: string | null | undefined;
  /** Tags: at most 20, each of 1 to 50 characters. Repeated tags count once. They replace all earlier tags. */
  tags?: Array<string> | null | undefined;
  /** New trigger phrase, 1 to 50 characters. Refused with CONFLICT while a run of the avatar is under way. The current artifact knows the old phrase only: train again, or its images may not show the avatar. */
  triggerPhrase?: string | null | undefined;
};

export type AvatarFieldsFragment = { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null };

export type AvatarLabelsFragment = { externalId: string | null, tags: Array<string> };

export type GenerationFieldsFragment = { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null };

export type TrainingFieldsFragment = { id: string, attempt: number, status: TrainingStatus, trainer: Trainer | null, endpoint: string, input: unknown, falRequestId: string | null, isCurrent: boolean, createdAt: string, submittedAt: string | null, completedAt: string | null, artifact:
    | { __typename: 'FinetuneArtifact', finetuneId: string }
    | { __typename: 'LoraArtifact', loraUrl: string, configUrl: string | null }
   | null, error: { code: ErrorCode, message: string } | null };

export type CreateAvatarMutationVariables = Exact<{
  input: CreateAvatarInput;
}>;


export type CreateAvatarMutation = { createAvatar:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'CreateAvatarPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type ImportAvatarMutationVariables = Exact<{
  input: ImportAvatarInput;
}>;


export type ImportAvatarMutation = { importAvatar:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'ImportAvatarPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type UpdateAvatarMutationVariables = Exact<{
  input: UpdateAvatarInput;
}>;


export type UpdateAvatarMutation = { updateAvatar:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'UpdateAvatarPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
   };

export type StartTrainingMutationVariables = Exact<{
  input: StartTrainingInput;
}>;


export type StartTrainingMutation = { startTraining:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'DryRun' }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, reason: UnavailableReason | null, retryAt: string | null }
    | { __typename: 'StartTrainingPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
   };

export type StartTrainingUnlessHeldBackMutationVariables = Exact<{
  input: StartTrainingInput;
}>;


export type StartTrainingUnlessHeldBackMutation = { startTraining:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'DryRun' }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, reason: UnavailableReason | null, retryAt: string | null }
    | { __typename: 'StartTrainingPayload' }
   };

export type CancelTrainingMutationVariables = Exact<{
  input: CancelTrainingInput;
}>;


export type CancelTrainingMutation = { cancelTraining:
    | { __typename: 'CancelTrainingPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type PromoteMutationVariables = Exact<{
  input: PromoteInput;
}>;


export type PromoteMutation = { promote:
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
    | { __typename: 'PromotePayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
   };

export type GenerateImageMutationVariables = Exact<{
  input: GenerateImageInput;
}>;


export type GenerateImageMutation = { generateImage:
    | { __typename: 'DryRun' }
    | { __typename: 'GenerateImagePayload', generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, reason: UnavailableReason | null, retryAt: string | null }
   };

export type GenerateImagesMutationVariables = Exact<{
  input: GenerateImagesInput;
}>;


export type GenerateImagesMutation = { generateImages:
    | { __typename: 'GenerateImagesPayload', results: Array<
        | { __typename: 'GenerateImagePayload', generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }
        | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
        | { __typename: 'InternalError', code: ErrorCode, message: string }
        | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
        | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
        | { __typename: 'NotFoundError', code: ErrorCode, message: string }
        | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
        | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, reason: UnavailableReason | null, retryAt: string | null }
      > }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
   };

export type RegenerateMutationVariables = Exact<{
  input: RegenerateInput;
}>;


export type RegenerateMutation = { regenerate:
    | { __typename: 'DryRun' }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, reason: UnavailableReason | null, retryAt: string | null }
    | { __typename: 'RegeneratePayload', generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }
   };

export type CancelGenerationMutationVariables = Exact<{
  input: CancelGenerationInput;
}>;


export type CancelGenerationMutation = { cancelGeneration:
    | { __typename: 'CancelGenerationPayload', generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type DeleteGenerationMutationVariables = Exact<{
  input: DeleteGenerationInput;
}>;


export type DeleteGenerationMutation = { deleteGeneration:
    | { __typename: 'DeleteGenerationPayload', deletedGenerationId: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type DeleteAvatarMutationVariables = Exact<{
  input: DeleteAvatarInput;
}>;


export type DeleteAvatarMutation = { deleteAvatar:
    | { __typename: 'DeleteAvatarPayload', deletedAvatarId: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type UnknownOutcomeQueryVariables = Exact<{
  id: string | number;
}>;


export type UnknownOutcomeQuery = { avatar: { status: AvatarStatus, error: { code: ErrorCode, message: string, waitsUntil: string | null } | null, trainings: { edges: Array<{ node: { error: { code: ErrorCode, waitsUntil: string | null } | null } }> } } | null };

export type AvatarByIdQueryVariables = Exact<{
  id: string | number;
}>;


export type AvatarByIdQuery = { avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } | null };

export type TrainingsQueryVariables = Exact<{
  avatarId: string | number;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type TrainingsQuery = { avatar: { trainings: { edges: Array<{ cursor: string, node: { id: string, attempt: number, status: TrainingStatus, trainer: Trainer | null, endpoint: string, input: unknown, falRequestId: string | null, isCurrent: boolean, createdAt: string, submittedAt: string | null, completedAt: string | null, artifact:
            | { __typename: 'FinetuneArtifact', finetuneId: string }
            | { __typename: 'LoraArtifact', loraUrl: string, configUrl: string | null }
           | null, error: { code: ErrorCode, message: string } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type TrainingByIdQueryVariables = Exact<{
  id: string | number;
}>;


export type TrainingByIdQuery = { training: { id: string, attempt: number, status: TrainingStatus, trainer: Trainer | null, endpoint: string, input: unknown, falRequestId: string | null, isCurrent: boolean, createdAt: string, submittedAt: string | null, completedAt: string | null, avatar: { id: string, name: string }, artifact:
      | { __typename: 'FinetuneArtifact', finetuneId: string }
      | { __typename: 'LoraArtifact', loraUrl: string, configUrl: string | null }
     | null, error: { code: ErrorCode, message: string } | null } | null };

export type GenerationByIdQueryVariables = Exact<{
  id: string | number;
}>;


export type GenerationByIdQuery = { generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, avatar: { id: string, name: string }, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } | null };

export type SentInputQueryVariables = Exact<{
  id: string | number;
}>;


export type SentInputQuery = { generation: { id: string, seed: number | null, input: unknown } | null };

export type AvatarsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  status?: AvatarStatus | null | undefined;
  trainingType?: TrainingType | null | undefined;
  externalId?: string | null | undefined;
  tag?: string | null | undefined;
}>;


export type AvatarsQuery = { avatars: { edges: Array<{ cursor: string, node: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, generations: { edges: Array<{ node: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }> }, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type FindAvatarsQueryVariables = Exact<{
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
  status?: AvatarStatus | null | undefined;
  trainingType?: TrainingType | null | undefined;
  externalId?: string | null | undefined;
  tag?: string | null | undefined;
}>;


export type FindAvatarsQuery = { avatars: { totalCount: number, edges: Array<{ cursor: string, node: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, generations: { totalCount: number }, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } };

export type GenerationsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  avatarId?: string | number | null | undefined;
  status?: GenerationStatus | null | undefined;
}>;


export type GenerationsQuery = { generations: { totalCount: number, edges: Array<{ cursor: string, node: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, avatar: { id: string }, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AvatarByRequestIdQueryVariables = Exact<{
  requestId: string;
}>;


export type AvatarByRequestIdQuery = { avatarByRequestId: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } | null };

export type AnyNodeQueryVariables = Exact<{
  id: string | number;
}>;


export type AnyNodeQuery = { node:
    | { __typename: 'Avatar', name: string, id: string }
    | { __typename: 'Generation', prompt: string, id: string }
    | { __typename: 'Training', id: string }
   | null };

export type AvatarStatusSubscriptionVariables = Exact<{
  avatarId?: string | number | null | undefined;
  afterVersion?: number | null | undefined;
}>;


export type AvatarStatusSubscription = { avatarStatus: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } };

export type ChangesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ChangesSubscription = { changes:
    | { __typename: 'AvatarChanged', cursor: string, avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, externalId: string | null, tags: Array<string>, trainer: Trainer | null, trainerNote: string | null, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'AvatarDeleted', cursor: string, avatarId: string }
    | { __typename: 'CaughtUp', cursor: string }
    | { __typename: 'GenerationChanged', cursor: string, generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, avatar: { id: string }, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'GenerationDeleted', cursor: string, generationId: string }
   };

export type GenerationStatusSubscriptionVariables = Exact<{
  generationId: string | number;
  afterVersion?: number | null | undefined;
}>;


export type GenerationStatusSubscription = { generationStatus: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, numImages: number, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null, flagged: boolean }>, error: { code: ErrorCode, message: string } | null } };

export type CreatePhotoUploadsMutationVariables = Exact<{
  input: CreatePhotoUploadsInput;
}>;


export type CreatePhotoUploadsMutation = { createPhotoUploads:
    | { uploads: Array<{ photoId: string, name: string, url: string, expiresAt: string }> }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
   };

export type DeletePhotoMutationVariables = Exact<{
  input: DeletePhotoInput;
}>;


export type DeletePhotoMutation = { deletePhoto:
    | { deletedPhotoId: string, photoSet: { avatarId: string, version: number, trainer: Trainer, accepted: number, pending: number, refused: number, minimum: number, recommended: number, isEnough: boolean, advice: Array<string>, photos: Array<{ id: string, name: string, caption: string | null, state: PhotoState, code: PhotoRefusalCode | null, message: string | null, size: number, width: number | null, height: number | null, contentType: string | null, expiresAt: string | null, url: string | null, warnings: Array<{ code: PhotoWarningCode, message: string }> }> } }
    | { code: ErrorCode, message: string }
   };

export type PhotoSetOfQueryVariables = Exact<{
  avatarId: string | number;
  trainer?: Trainer | null | undefined;
}>;


export type PhotoSetOfQuery = { photoSet: { avatarId: string, version: number, trainer: Trainer, accepted: number, pending: number, refused: number, minimum: number, recommended: number, isEnough: boolean, advice: Array<string>, photos: Array<{ id: string, name: string, caption: string | null, state: PhotoState, code: PhotoRefusalCode | null, message: string | null, size: number, width: number | null, height: number | null, contentType: string | null, expiresAt: string | null, url: string | null, warnings: Array<{ code: PhotoWarningCode, message: string }> }> } | null };

export type WatchPhotoSetSubscriptionVariables = Exact<{
  avatarId: string | number;
  afterVersion?: number | null | undefined;
}>;


export type WatchPhotoSetSubscription = { photoSet: { avatarId: string, version: number, trainer: Trainer, accepted: number, pending: number, refused: number, minimum: number, recommended: number, isEnough: boolean, advice: Array<string>, photos: Array<{ id: string, name: string, caption: string | null, state: PhotoState, code: PhotoRefusalCode | null, message: string | null, size: number, width: number | null, height: number | null, contentType: string | null, expiresAt: string | null, url: string | null, warnings: Array<{ code: PhotoWarningCode, message: string }> }> } };

export type PhotoSetFieldsFragment = { avatarId: string, version: number, trainer: Trainer, accepted: number, pending: number, refused: number, minimum: number, recommended: number, isEnough: boolean, advice: Array<string>, photos: Array<{ id: string, name: string, caption: string | null, state: PhotoState, code: PhotoRefusalCode | null, message: string | null, size: number, width: number | null, height: number | null, contentType: string | null, expiresAt: string | null, url: string | null, warnings: Array<{ code: PhotoWarningCode, message: string }> }> };

export type DryRunFieldsFragment = { endpoint: string, input: unknown, warnings: Array<{ code: DryRunWarningCode, message: string }>, cost: { usd: number, quantity: number, unit: PriceUnit, usdPerUnit: number, source: PriceSource, date: string } | null };

export type PlanTrainingMutationVariables = Exact<{
  input: StartTrainingInput;
}>;


export type PlanTrainingMutation = { startTraining:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'DryRun', endpoint: string, input: unknown, warnings: Array<{ code: DryRunWarningCode, message: string }>, cost: { usd: number, quantity: number, unit: PriceUnit, usdPerUnit: number, source: PriceSource, date: string } | null }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'StartTrainingPayload' }
   };

export type PlanImageMutationVariables = Exact<{
  input: GenerateImageInput;
}>;


export type PlanImageMutation = { generateImage:
    | { __typename: 'DryRun', endpoint: string, input: unknown, warnings: Array<{ code: DryRunWarningCode, message: string }>, cost: { usd: number, quantity: number, unit: PriceUnit, usdPerUnit: number, source: PriceSource, date: string } | null }
    | { __typename: 'GenerateImagePayload' }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
   };

export type PlanRegenerationMutationVariables = Exact<{
  input: RegenerateInput;
}>;


export type PlanRegenerationMutation = { regenerate:
    | { __typename: 'DryRun', endpoint: string, input: unknown, warnings: Array<{ code: DryRunWarningCode, message: string }>, cost: { usd: number, quantity: number, unit: PriceUnit, usdPerUnit: number, source: PriceSource, date: string } | null }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'RegeneratePayload' }
   };

export type UsageQueryVariables = Exact<{
  from: string;
  to: string;
}>;


export type UsageQuery = { usage: Array<{ day: string, endpoint: string, runs: number, images: number, billableUnits: number | null, billedRuns: number, estimatedUsd: number, unknownRuns: number }> };

export const AvatarFields = 'fragment AvatarFields on Avatar{id name trainingType status isReady triggerPhrase falRequestId finetuneId diffusersLoraFileUrl configFileUrl falResponseData progress{percent queuePosition source}error{code message}version trainingStartedAt trainingCompletedAt createdAt updatedAt externalId tags trainer trainerNote}';

export const AvatarLabels = 'fragment AvatarLabels on Avatar{externalId tags}';

export const GenerationFields = 'fragment GenerationFields on Generation{id status prompt seed imageUrl images{url width height contentType}error{code message}version createdAt completedAt numImages images{flagged}}';

export const TrainingFields = 'fragment TrainingFields on Training{id attempt status trainer endpoint input falRequestId artifact{__typename ...on LoraArtifact{loraUrl configUrl}...on FinetuneArtifact{finetuneId}}isCurrent error{code message}createdAt submittedAt completedAt}';

export const PhotoSetFields = 'fragment PhotoSetFields on PhotoSet{avatarId version trainer photos{id name caption state code message warnings{code message}size width height contentType expiresAt}accepted pending refused minimum recommended isEnough advice photos{url}}';

export const DryRunFields = 'fragment DryRunFields on DryRun{endpoint input warnings{code message}cost{usd quantity unit usdPerUnit source date}}';

export const CreateAvatarDocument = ('mutation CreateAvatar($input:CreateAvatarInput!){createAvatar(input:$input){__typename ...on CreateAvatarPayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<CreateAvatarMutation, CreateAvatarMutationVariables>;

export const ImportAvatarDocument = ('mutation ImportAvatar($input:ImportAvatarInput!){importAvatar(input:$input){__typename ...on ImportAvatarPayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<ImportAvatarMutation, ImportAvatarMutationVariables>;

export const UpdateAvatarDocument = ('mutation UpdateAvatar($input:UpdateAvatarInput!){updateAvatar(input:$input){__typename ...on UpdateAvatarPayload{avatar{...AvatarFields ...AvatarLabels}}...on Error{code message}}}' + AvatarFields + AvatarLabels) as TypedDocument<UpdateAvatarMutation, UpdateAvatarMutationVariables>;

export const StartTrainingDocument = ('mutation StartTraining($input:StartTrainingInput!){startTraining(input:$input){__typename ...on StartTrainingPayload{avatar{...AvatarFields}}...on Error{code message}...on ProviderUnavailableError{reason retryAt}}}' + AvatarFields) as TypedDocument<StartTrainingMutation, StartTrainingMutationVariables>;

export const StartTrainingUnlessHeldBackDocument = ('mutation StartTrainingUnlessHeldBack($input:StartTrainingInput!){startTraining(input:$input){__typename ...on Error{code message}...on ProviderUnavailableError{reason retryAt}}}') as TypedDocument<StartTrainingUnlessHeldBackMutation, StartTrainingUnlessHeldBackMutationVariables>;

export const CancelTrainingDocument = ('mutation CancelTraining($input:CancelTrainingInput!){cancelTraining(input:$input){__typename ...on CancelTrainingPayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<CancelTrainingMutation, CancelTrainingMutationVariables>;

export const PromoteDocument = ('mutation Promote($input:PromoteInput!){promote(input:$input){__typename ...on PromotePayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<PromoteMutation, PromoteMutationVariables>;

export const GenerateImageDocument = ('mutation GenerateImage($input:GenerateImageInput!){generateImage(input:$input){__typename ...on GenerateImagePayload{generation{...GenerationFields}}...on Error{code message}...on ProviderUnavailableError{reason retryAt}}}' + GenerationFields) as TypedDocument<GenerateImageMutation, GenerateImageMutationVariables>;

export const GenerateImagesDocument = ('mutation GenerateImages($input:GenerateImagesInput!){generateImages(input:$input){__typename ...on GenerateImagesPayload{results{__typename ...on GenerateImagePayload{generation{...GenerationFields}}...on Error{code message}...on ProviderUnavailableError{reason retryAt}}}...on Error{code message}}}' + GenerationFields) as TypedDocument<GenerateImagesMutation, GenerateImagesMutationVariables>;

export const RegenerateDocument = ('mutation Regenerate($input:RegenerateInput!){regenerate(input:$input){__typename ...on RegeneratePayload{generation{...GenerationFields}}...on Error{code message}...on ProviderUnavailableError{reason retryAt}}}' + GenerationFields) as TypedDocument<RegenerateMutation, RegenerateMutationVariables>;

export const CancelGenerationDocument = ('mutation CancelGeneration($input:CancelGenerationInput!){cancelGeneration(input:$input){__typename ...on CancelGenerationPayload{generation{...GenerationFields}}...on Error{code message}}}' + GenerationFields) as TypedDocument<CancelGenerationMutation, CancelGenerationMutationVariables>;

export const DeleteGenerationDocument = ('mutation DeleteGeneration($input:DeleteGenerationInput!){deleteGeneration(input:$input){__typename ...on DeleteGenerationPayload{deletedGenerationId}...on Error{code message}}}') as TypedDocument<DeleteGenerationMutation, DeleteGenerationMutationVariables>;

export const DeleteAvatarDocument = ('mutation DeleteAvatar($input:DeleteAvatarInput!){deleteAvatar(input:$input){__typename ...on DeleteAvatarPayload{deletedAvatarId}...on Error{code message}}}') as TypedDocument<DeleteAvatarMutation, DeleteAvatarMutationVariables>;

export const UnknownOutcomeDocument = ('query UnknownOutcome($id:ID!){avatar(id:$id){status error{code message waitsUntil}trainings(first:1){edges{node{error{code waitsUntil}}}}}}') as TypedDocument<UnknownOutcomeQuery, UnknownOutcomeQueryVariables>;

export const AvatarByIdDocument = ('query AvatarById($id:ID!){avatar(id:$id){...AvatarFields}}' + AvatarFields) as TypedDocument<AvatarByIdQuery, AvatarByIdQueryVariables>;

export const TrainingsDocument = ('query Trainings($avatarId:ID!$first:Int$after:String){avatar(id:$avatarId){trainings(first:$first after:$after){edges{cursor node{...TrainingFields}}pageInfo{hasNextPage endCursor}}}}' + TrainingFields) as TypedDocument<TrainingsQuery, TrainingsQueryVariables>;

export const TrainingByIdDocument = ('query TrainingById($id:ID!){training(id:$id){...TrainingFields avatar{id name}}}' + TrainingFields) as TypedDocument<TrainingByIdQuery, TrainingByIdQueryVariables>;

export const GenerationByIdDocument = ('query GenerationById($id:ID!){generation(id:$id){...GenerationFields avatar{id name}}}' + GenerationFields) as TypedDocument<GenerationByIdQuery, GenerationByIdQueryVariables>;

export const SentInputDocument = ('query SentInput($id:ID!){generation(id:$id){id seed input}}') as TypedDocument<SentInputQuery, SentInputQueryVariables>;

export const AvatarsDocument = ('query Avatars($first:Int!$after:String$status:AvatarStatus$trainingType:TrainingType$externalId:String$tag:String){avatars(first:$first after:$after status:$status trainingType:$trainingType externalId:$externalId tag:$tag){edges{cursor node{...AvatarFields generations(first:5){edges{node{...GenerationFields}}}}}pageInfo{hasNextPage endCursor}}}' + AvatarFields + GenerationFields) as TypedDocument<AvatarsQuery, AvatarsQueryVariables>;

export const FindAvatarsDocument = ('query FindAvatars($first:Int$last:Int$after:String$before:String$status:AvatarStatus$trainingType:TrainingType$externalId:String$tag:String){avatars(first:$first last:$last after:$after before:$before status:$status trainingType:$trainingType externalId:$externalId tag:$tag){edges{cursor node{...AvatarFields ...AvatarLabels generations(first:1){totalCount}}}pageInfo{hasNextPage hasPreviousPage startCursor endCursor}totalCount}}' + AvatarFields + AvatarLabels) as TypedDocument<FindAvatarsQuery, FindAvatarsQueryVariables>;

export const GenerationsDocument = ('query Generations($first:Int$after:String$avatarId:ID$status:GenerationStatus){generations(first:$first after:$after avatarId:$avatarId status:$status){edges{cursor node{...GenerationFields avatar{id}}}pageInfo{hasNextPage endCursor}totalCount}}' + GenerationFields) as TypedDocument<GenerationsQuery, GenerationsQueryVariables>;

export const AvatarByRequestIdDocument = ('query AvatarByRequestId($requestId:String!){avatarByRequestId(requestId:$requestId){...AvatarFields}}' + AvatarFields) as TypedDocument<AvatarByRequestIdQuery, AvatarByRequestIdQueryVariables>;

export const AnyNodeDocument = ('query AnyNode($id:ID!){node(id:$id){__typename id ...on Avatar{name}...on Generation{prompt}}}') as TypedDocument<AnyNodeQuery, AnyNodeQueryVariables>;

export const AvatarStatusDocument = ('subscription AvatarStatus($avatarId:ID$afterVersion:Int){avatarStatus(avatarId:$avatarId afterVersion:$afterVersion){...AvatarFields}}' + AvatarFields) as TypedDocument<AvatarStatusSubscription, AvatarStatusSubscriptionVariables>;

export const ChangesDocument = ('subscription Changes($after:String){changes(after:$after){__typename ...on ChangeEvent{cursor}...on AvatarChanged{avatar{...AvatarFields}}...on AvatarDeleted{avatarId}...on GenerationChanged{generation{...GenerationFields avatar{id}}}...on GenerationDeleted{generationId}}}' + AvatarFields + GenerationFields) as TypedDocument<ChangesSubscription, ChangesSubscriptionVariables>;

export const GenerationStatusDocument = ('subscription GenerationStatus($generationId:ID!$afterVersion:Int){generationStatus(generationId:$generationId afterVersion:$afterVersion){...GenerationFields}}' + GenerationFields) as TypedDocument<GenerationStatusSubscription, GenerationStatusSubscriptionVariables>;

export const CreatePhotoUploadsDocument = ('mutation CreatePhotoUploads($input:CreatePhotoUploadsInput!){createPhotoUploads(input:$input){...on CreatePhotoUploadsPayload{uploads{photoId name url expiresAt}}...on Error{code message}}}') as TypedDocument<CreatePhotoUploadsMutation, CreatePhotoUploadsMutationVariables>;

export const DeletePhotoDocument = ('mutation DeletePhoto($input:DeletePhotoInput!){deletePhoto(input:$input){...on DeletePhotoPayload{deletedPhotoId photoSet{...PhotoSetFields}}...on Error{code message}}}' + PhotoSetFields) as TypedDocument<DeletePhotoMutation, DeletePhotoMutationVariables>;

export const PhotoSetOfDocument = ('query PhotoSetOf($avatarId:ID!$trainer:Trainer){photoSet(avatarId:$avatarId trainer:$trainer){...PhotoSetFields}}' + PhotoSetFields) as TypedDocument<PhotoSetOfQuery, PhotoSetOfQueryVariables>;

export const WatchPhotoSetDocument = ('subscription WatchPhotoSet($avatarId:ID!$afterVersion:Int){photoSet(avatarId:$avatarId afterVersion:$afterVersion){...PhotoSetFields}}' + PhotoSetFields) as TypedDocument<WatchPhotoSetSubscription, WatchPhotoSetSubscriptionVariables>;

export const PlanTrainingDocument = ('mutation PlanTraining($input:StartTrainingInput!){startTraining(input:$input){__typename ...on DryRun{...DryRunFields}...on Error{code message}}}' + DryRunFields) as TypedDocument<PlanTrainingMutation, PlanTrainingMutationVariables>;

export const PlanImageDocument = ('mutation PlanImage($input:GenerateImageInput!){generateImage(input:$input){__typename ...on DryRun{...DryRunFields}...on Error{code message}}}' + DryRunFields) as TypedDocument<PlanImageMutation, PlanImageMutationVariables>;

export const PlanRegenerationDocument = ('mutation PlanRegeneration($input:RegenerateInput!){regenerate(input:$input){__typename ...on DryRun{...DryRunFields}...on Error{code message}}}' + DryRunFields) as TypedDocument<PlanRegenerationMutation, PlanRegenerationMutationVariables>;

export const UsageDocument = ('query Usage($from:Date!$to:Date!){usage(from:$from to:$to){day endpoint runs images billableUnits billedRuns estimatedUsd unknownRuns}}') as TypedDocument<UsageQuery, UsageQueryVariables>;