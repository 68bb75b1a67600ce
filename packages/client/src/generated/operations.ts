/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocument } from '../typed-document.ts';
/** State of the newest training. Use `isReady` to check whether the avatar can generate images. */
export type AvatarStatus =
  /** The training was cancelled. */
  | 'CANCELLED'
  /** The training has succeeded and its artefact is available. */
  | 'COMPLETED'
  /** No training has been started. */
  | 'DRAFT'
  /** The training has ended without an artefact. See `error`. */
  | 'FAILED'
  /** The training is submitted and has not started. If `error` is set, fal may not have received it. */
  | 'QUEUED'
  /** fal is running the training. */
  | 'TRAINING';

/** Input of `cancelTraining`. */
export type CancelTrainingInput = {
  /** ID of the avatar whose training to cancel. */
  avatarId: string | number;
};

/** Input of `createAvatar`. */
export type CreateAvatarInput = {
  /** Name of the avatar, 1 to 100 characters. */
  name: string;
  /** Subject of the avatar’s trainings. */
  trainingType: TrainingType;
  /** Phrase that refers to the avatar in a prompt, 1 to 50 characters. Default: a generated, unique phrase. */
  triggerPhrase?: string | null | undefined;
};

/** Input of `deleteAvatar`. */
export type DeleteAvatarInput = {
  /** ID of the avatar to delete. */
  avatarId: string | number;
};

/** Machine-readable reason for an error. */
export type ErrorCode =
  /** The state of the avatar conflicts with the request: a training is already under way, or there is no training to cancel. */
  | 'CONFLICT'
  /** The idempotency key was already used with a different input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** An input value is not allowed. The message names the field, the value and the allowed values. */
  | 'INVALID_INPUT'
  /** A quota or rate limit of this service is exceeded. */
  | 'LIMIT_EXCEEDED'
  /** The run or its result is no longer available at fal. */
  | 'LOST'
  /** The object does not exist or belongs to another owner. The response is the same for both. */
  | 'NOT_FOUND'
  /** The avatar has no artefact yet. */
  | 'NOT_READY'
  /** The run failed at fal. The message contains fal’s reason. */
  | 'PROVIDER_FAILED'
  /** fal rejected the request. The message contains fal’s reason. */
  | 'PROVIDER_REJECTED'
  /** fal is unreachable or overloaded, or this service currently sends no runs to fal. No run was started. */
  | 'PROVIDER_UNAVAILABLE'
  /** fal’s response lacks required parts of the result. `falResponseData` contains the response. */
  | 'RESULT_INVALID'
  /** The run was submitted, but fal’s response was lost, so the run may have started. It is not submitted again. A webhook, a cancel or a deadline resolves the outcome. */
  | 'SUBMIT_OUTCOME_UNKNOWN';

/** Input of `generateImage`. */
export type GenerateImageInput = {
  /** ID of the avatar to generate images of. */
  avatarId: string | number;
  /** How closely the images follow the prompt: 0 to 35 for fal-ai/flux-lora, 0 to 20 for fal-ai/flux-2/lora. Refused for other endpoints. Default: the default of the endpoint. */
  guidanceScale?: number | null | undefined;
  /** Height of the images in pixels, together with `width`. The limits are the same. */
  height?: number | null | undefined;
  /** Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** Number of inference steps: 1 to 50 for fal-ai/flux-lora, 4 to 50 for fal-ai/flux-2/lora. Refused for other endpoints. Default: the default of the endpoint. */
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
  /** Weight of the artefact: 0 to 4 for a LoRA, 0 to 2 for a finetune. Default: 1. */
  strength?: number | null | undefined;
  /** Maximum time to wait for the images, in seconds, 0 to 60. The call returns as soon as the generation has ended. */
  waitSeconds?: number | null | undefined;
  /** Width of the images in pixels, together with `height`: 256 to 2048 for fal-ai/flux-lora, 512 to 2048 for fal-ai/flux-2/lora. Refused for other endpoints. */
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

/** File format of an image. */
export type OutputFormat =
  /** `image/jpeg`. */
  | 'JPEG'
  /** `image/png`. */
  | 'PNG';

/** Source of a progress value. Values come from fal and are never estimated. */
export type ProgressSource =
  /** Log lines of the trainer. */
  | 'LOGS'
  /** Status of fal’s queue. */
  | 'QUEUE'
  /** Result of the completed training. */
  | 'RESULT';

/** Input of `regenerate`. */
export type RegenerateInput = {
  /** ID of the generation to repeat. */
  generationId: string | number;
  /** How closely the images follow the prompt: 0 to 35 for fal-ai/flux-lora, 0 to 20 for fal-ai/flux-2/lora. Refused for other endpoints. Default: as in the earlier generation. */
  guidanceScale?: number | null | undefined;
  /** Height of the images in pixels, together with `width`. The limits are the same. */
  height?: number | null | undefined;
  /** Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** Number of inference steps: 1 to 50 for fal-ai/flux-lora, 4 to 50 for fal-ai/flux-2/lora. Refused for other endpoints. Default: as in the earlier generation. */
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
  /** Weight of the artefact: 0 to 4 for a LoRA, 0 to 2 for a finetune. Default: as in the earlier generation. */
  strength?: number | null | undefined;
  /** Maximum time to wait for the images, in seconds, 0 to 60. The call returns as soon as the generation has ended. */
  waitSeconds?: number | null | undefined;
  /** Width of the images in pixels, together with `height`: 256 to 2048 for fal-ai/flux-lora, 512 to 2048 for fal-ai/flux-2/lora. Refused for other endpoints. */
  width?: number | null | undefined;
};

/** Input of `startTraining`. */
export type StartTrainingInput = {
  /** ID of the avatar to train. */
  avatarId: string | number;
  /** Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key. */
  idempotencyKey?: string | null | undefined;
  /** http(s) URL of a zip archive of photos. fal must be able to fetch it without credentials. */
  imagesUrl: string;
  /** Number of training steps. Limits and default: see the `trainers` query. */
  steps?: number | null | undefined;
  /** Trainer to use. Default: see `defaultFor` in the `trainers` query. */
  trainer?: Trainer | null | undefined;
};

/** Training endpoint of fal. The `trainers` query returns the properties of each. */
export type Trainer =
  /** fal-ai/flux-2-trainer. */
  | 'FLUX_2'
  /** fal-ai/flux-lora-fast-training. */
  | 'FLUX_LORA_FAST'
  /** fal-ai/flux-lora-portrait-trainer. */
  | 'FLUX_LORA_PORTRAIT'
  /** fal-ai/flux-pro-trainer. fal has deprecated fal-ai/flux-pro-trainer; use the trainer FLUX_LORA_FAST instead. */
  | 'FLUX_PRO';

/** Subject of a training. */
export type TrainingType =
  /** A person. */
  | 'PORTRAIT'
  /** A visual style. */
  | 'STYLE';

export type AvatarFieldsFragment = { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null };

export type GenerationFieldsFragment = { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null }>, error: { code: ErrorCode, message: string } | null };

export type CreateAvatarMutationVariables = Exact<{
  input: CreateAvatarInput;
}>;


export type CreateAvatarMutation = { createAvatar:
    | { __typename: 'CreateAvatarPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type StartTrainingMutationVariables = Exact<{
  input: StartTrainingInput;
}>;


export type StartTrainingMutation = { startTraining:
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'StartTrainingPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
   };

export type CancelTrainingMutationVariables = Exact<{
  input: CancelTrainingInput;
}>;


export type CancelTrainingMutation = { cancelTraining:
    | { __typename: 'CancelTrainingPayload', avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'ConflictError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type GenerateImageMutationVariables = Exact<{
  input: GenerateImageInput;
}>;


export type GenerateImageMutation = { generateImage:
    | { __typename: 'GenerateImagePayload', generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null }>, error: { code: ErrorCode, message: string } | null } }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'NotReadyError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
   };

export type RegenerateMutationVariables = Exact<{
  input: RegenerateInput;
}>;


export type RegenerateMutation = { regenerate:
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'LimitExceededError', code: ErrorCode, message: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderRejectedError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'RegeneratePayload', generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null }>, error: { code: ErrorCode, message: string } | null } }
   };

export type DeleteAvatarMutationVariables = Exact<{
  input: DeleteAvatarInput;
}>;


export type DeleteAvatarMutation = { deleteAvatar:
    | { __typename: 'DeleteAvatarPayload', deletedAvatarId: string }
    | { __typename: 'NotFoundError', code: ErrorCode, message: string }
   };

export type AvatarByIdQueryVariables = Exact<{
  id: string | number;
}>;


export type AvatarByIdQuery = { avatar: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } | null };

export type GenerationByIdQueryVariables = Exact<{
  id: string | number;
}>;


export type GenerationByIdQuery = { generation: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, avatar: { id: string, name: string }, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null }>, error: { code: ErrorCode, message: string } | null } | null };

export type SentInputQueryVariables = Exact<{
  id: string | number;
}>;


export type SentInputQuery = { generation: { id: string, seed: number | null, input: unknown } | null };

export type AvatarsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type AvatarsQuery = { avatars: { edges: Array<{ cursor: string, node: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, generations: { edges: Array<{ node: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null }>, error: { code: ErrorCode, message: string } | null } }> }, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AnyNodeQueryVariables = Exact<{
  id: string | number;
}>;


export type AnyNodeQuery = { node:
    | { __typename: 'Avatar', name: string, id: string }
    | { __typename: 'Generation', prompt: string, id: string }
   | null };

export type AvatarStatusSubscriptionVariables = Exact<{
  avatarId?: string | number | null | undefined;
  afterVersion?: number | null | undefined;
}>;


export type AvatarStatusSubscription = { avatarStatus: { id: string, name: string, trainingType: TrainingType, status: AvatarStatus, isReady: boolean, triggerPhrase: string, falRequestId: string | null, finetuneId: string | null, diffusersLoraFileUrl: string | null, configFileUrl: string | null, falResponseData: unknown, version: number, trainingStartedAt: string | null, trainingCompletedAt: string | null, createdAt: string, updatedAt: string, progress: { percent: number | null, queuePosition: number | null, source: ProgressSource | null } | null, error: { code: ErrorCode, message: string } | null } };

export type GenerationStatusSubscriptionVariables = Exact<{
  generationId: string | number;
  afterVersion?: number | null | undefined;
}>;


export type GenerationStatusSubscription = { generationStatus: { id: string, status: GenerationStatus, prompt: string, seed: number | null, imageUrl: string | null, version: number, createdAt: string, completedAt: string | null, images: Array<{ url: string, width: number | null, height: number | null, contentType: string | null }>, error: { code: ErrorCode, message: string } | null } };

export const AvatarFields = 'fragment AvatarFields on Avatar{id name trainingType status isReady triggerPhrase falRequestId finetuneId diffusersLoraFileUrl configFileUrl falResponseData progress{percent queuePosition source}error{code message}version trainingStartedAt trainingCompletedAt createdAt updatedAt}';

export const GenerationFields = 'fragment GenerationFields on Generation{id status prompt seed imageUrl images{url width height contentType}error{code message}version createdAt completedAt}';

export const CreateAvatarDocument = ('mutation CreateAvatar($input:CreateAvatarInput!){createAvatar(input:$input){__typename ...on CreateAvatarPayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<CreateAvatarMutation, CreateAvatarMutationVariables>;

export const StartTrainingDocument = ('mutation StartTraining($input:StartTrainingInput!){startTraining(input:$input){__typename ...on StartTrainingPayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<StartTrainingMutation, StartTrainingMutationVariables>;

export const CancelTrainingDocument = ('mutation CancelTraining($input:CancelTrainingInput!){cancelTraining(input:$input){__typename ...on CancelTrainingPayload{avatar{...AvatarFields}}...on Error{code message}}}' + AvatarFields) as TypedDocument<CancelTrainingMutation, CancelTrainingMutationVariables>;

export const GenerateImageDocument = ('mutation GenerateImage($input:GenerateImageInput!){generateImage(input:$input){__typename ...on GenerateImagePayload{generation{...GenerationFields}}...on Error{code message}}}' + GenerationFields) as TypedDocument<GenerateImageMutation, GenerateImageMutationVariables>;

export const RegenerateDocument = ('mutation Regenerate($input:RegenerateInput!){regenerate(input:$input){__typename ...on RegeneratePayload{generation{...GenerationFields}}...on Error{code message}}}' + GenerationFields) as TypedDocument<RegenerateMutation, RegenerateMutationVariables>;

export const DeleteAvatarDocument = ('mutation DeleteAvatar($input:DeleteAvatarInput!){deleteAvatar(input:$input){__typename ...on DeleteAvatarPayload{deletedAvatarId}...on Error{code message}}}') as TypedDocument<DeleteAvatarMutation, DeleteAvatarMutationVariables>;

export const AvatarByIdDocument = ('query AvatarById($id:ID!){avatar(id:$id){...AvatarFields}}' + AvatarFields) as TypedDocument<AvatarByIdQuery, AvatarByIdQueryVariables>;

export const GenerationByIdDocument = ('query GenerationById($id:ID!){generation(id:$id){...GenerationFields avatar{id name}}}' + GenerationFields) as TypedDocument<GenerationByIdQuery, GenerationByIdQueryVariables>;

export const SentInputDocument = ('query SentInput($id:ID!){generation(id:$id){id seed input}}') as TypedDocument<SentInputQuery, SentInputQueryVariables>;

export const AvatarsDocument = ('query Avatars($first:Int!$after:String){avatars(first:$first after:$after){edges{cursor node{...AvatarFields generations(first:5){edges{node{...GenerationFields}}}}}pageInfo{hasNextPage endCursor}}}' + AvatarFields + GenerationFields) as TypedDocument<AvatarsQuery, AvatarsQueryVariables>;

export const AnyNodeDocument = ('query AnyNode($id:ID!){node(id:$id){__typename id ...on Avatar{name}...on Generation{prompt}}}') as TypedDocument<AnyNodeQuery, AnyNodeQueryVariables>;

export const AvatarStatusDocument = ('subscription AvatarStatus($avatarId:ID$afterVersion:Int){avatarStatus(avatarId:$avatarId afterVersion:$afterVersion){...AvatarFields}}' + AvatarFields) as TypedDocument<AvatarStatusSubscription, AvatarStatusSubscriptionVariables>;

export const GenerationStatusDocument = ('subscription GenerationStatus($generationId:ID!$afterVersion:Int){generationStatus(generationId:$generationId afterVersion:$afterVersion){...GenerationFields}}' + GenerationFields) as TypedDocument<GenerationStatusSubscription, GenerationStatusSubscriptionVariables>;