import { LikenessError } from './errors.ts';
import {
  AvatarByIdDocument,
  AvatarsDocument,
  CancelGenerationDocument,
  CancelTrainingDocument,
  CreateAvatarDocument,
  DeleteAvatarDocument,
  DeleteGenerationDocument,
  DeletePhotoDocument,
  GenerateImageDocument,
  GenerateImagesDocument,
  GenerationByIdDocument,
  ImportAvatarDocument,
  PhotoSetOfDocument,
  PlanImageDocument,
  PlanRegenerationDocument,
  PlanTrainingDocument,
  PromoteDocument,
  RegenerateDocument,
  StartTrainingDocument,
  TrainingsDocument,
  UpdateAvatarDocument,
  type AvatarFieldsFragment,
  type AvatarsQuery,
  type AvatarsQueryVariables,
  type CancelGenerationInput,
  type CancelTrainingInput,
  type CreateAvatarInput,
  type DeleteAvatarInput,
  type DeleteGenerationInput,
  type DeletePhotoInput,
  type DryRunFieldsFragment,
  type GenerateImageInput,
  type GenerateImagesInput,
  type GenerateImagesMutation,
  type GenerationByIdQuery,
  type GenerationFieldsFragment,
  type ImportAvatarInput,
  type PhotoSetFieldsFragment,
  type PromoteInput,
  type RegenerateInput,
  type StartTrainingInput,
  type TrainingsQuery,
  type TrainingsQueryVariables,
  type UpdateAvatarInput,
} from './generated/operations.ts';
import type { Http, Operation, Result } from './http.ts';
import { unwrapped, type Unrefused } from './refusals.ts';
import type { AnyDocument } from './typed-document.ts';

export type Avatar = AvatarFieldsFragment;
export type Generation = GenerationFieldsFragment;
/** What a call would send to fal, and its estimated cost. */
export type Plan = DryRunFieldsFragment;

/** The result of one item: a generation, or `code` and `message` of a refusal. */
export type ItemResult = Extract<
  GenerateImagesMutation['generateImages'],
  { readonly results: unknown }
>['results'][number];

/** An input of a call that starts a run; for `dryRun` see the methods that plan. */
export type Run<Input> = Omit<Input, 'dryRun'>;

export type RequestOptions = {
  readonly signal?: AbortSignal;
};

/** Requests. Methods throw LikenessError, and the reason of an aborted signal; mutations throw RefusalError. */
export class Operations {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Sends any operation and returns its whole answer. Throws only if there is no answer. */
  async execute<Data = unknown, Variables = Record<string, unknown>>(
    document: AnyDocument<Data, Variables>,
    variables: NoInfer<Variables>,
    { signal }: RequestOptions = {},
  ): Promise<Result<Data>> {
    const operation = operationOf(document, variables);
    const { error: _error, ...result } = await this.#http.execute<Data>(operation, signal);
    return result;
  }

  /** The data of a query. */
  query<Data = unknown, Variables = Record<string, unknown>>(
    document: AnyDocument<Data, Variables>,
    variables: NoInfer<Variables>,
    { signal }: RequestOptions = {},
  ): Promise<Data> {
    return this.#http.ask<Data>(operationOf(document, variables), signal);
  }

  /** The data of a mutation that was not refused. */
  async mutate<Data = unknown, Variables = Record<string, unknown>>(
    document: AnyDocument<Data, Variables>,
    variables: NoInfer<Variables>,
    options?: RequestOptions,
  ): Promise<Unrefused<Data>> {
    return unwrapped(await this.query(document, variables, options));
  }

  /** Null if it does not exist. */
  async avatar(id: string, options?: RequestOptions): Promise<Avatar | null> {
    return (await this.query(AvatarByIdDocument, { id }, options)).avatar;
  }

  /** A page of avatars with their newest generations, newest first; with filters, those that fit all of them. */
  async avatars(
    { first = 20, ...page }: Partial<AvatarsQueryVariables> = {},
    options?: RequestOptions,
  ): Promise<AvatarsQuery['avatars']> {
    return (await this.query(AvatarsDocument, { first, ...page }, options)).avatars;
  }

  /** A page of the trainings of an avatar, newest first. Null if the avatar does not exist. */
  async trainings(
    page: TrainingsQueryVariables,
    options?: RequestOptions,
  ): Promise<NonNullable<TrainingsQuery['avatar']>['trainings'] | null> {
    return (await this.query(TrainingsDocument, page, options)).avatar?.trainings ?? null;
  }

  /** Null if the avatar does not exist. */
  async photoSet(avatarId: string, options?: RequestOptions): Promise<PhotoSetFieldsFragment | null> {
    return (await this.query(PhotoSetOfDocument, { avatarId }, options)).photoSet;
  }

  async deletePhoto(input: DeletePhotoInput, options?: RequestOptions): Promise<PhotoSetFieldsFragment> {
    return (await this.mutate(DeletePhotoDocument, { input }, options)).deletePhoto.photoSet;
  }

  /** Null if it does not exist. */
  async generation(id: string, options?: RequestOptions): Promise<GenerationByIdQuery['generation']> {
    return (await this.query(GenerationByIdDocument, { id }, options)).generation;
  }

  async createAvatar(input: CreateAvatarInput, options?: RequestOptions): Promise<Avatar> {
    return (await this.mutate(CreateAvatarDocument, { input }, options)).createAvatar.avatar;
  }

  async importAvatar(input: ImportAvatarInput, options?: RequestOptions): Promise<Avatar> {
    return (await this.mutate(ImportAvatarDocument, { input }, options)).importAvatar.avatar;
  }

  async updateAvatar(input: UpdateAvatarInput, options?: RequestOptions): Promise<Avatar> {
    return (await this.mutate(UpdateAvatarDocument, { input }, options)).updateAvatar.avatar;
  }

  async deleteAvatar(input: DeleteAvatarInput, options?: RequestOptions): Promise<void> {
    await this.mutate(DeleteAvatarDocument, { input }, options);
  }

  async startTraining(input: Run<StartTrainingInput>, options?: RequestOptions): Promise<Avatar> {
    const { startTraining } = await this.mutate(StartTrainingDocument, { input }, options);
    return expected(startTraining, 'StartTrainingPayload', 'planTraining').avatar;
  }

  async planTraining(input: Run<StartTrainingInput>, options?: RequestOptions): Promise<Plan> {
    const variables = { input: { ...input, dryRun: true } };
    const { startTraining } = await this.mutate(PlanTrainingDocument, variables, options);
    return expected(startTraining, 'DryRun');
  }

  async cancelTraining(input: CancelTrainingInput, options?: RequestOptions): Promise<Avatar> {
    return (await this.mutate(CancelTrainingDocument, { input }, options)).cancelTraining.avatar;
  }

  async promote(input: PromoteInput, options?: RequestOptions): Promise<Avatar> {
    return (await this.mutate(PromoteDocument, { input }, options)).promote.avatar;
  }

  async generateImage(input: Run<GenerateImageInput>, options?: RequestOptions): Promise<Generation> {
    const { generateImage } = await this.mutate(GenerateImageDocument, { input }, options);
    return expected(generateImage, 'GenerateImagePayload', 'planImage').generation;
  }

  /** A generation or a refusal for each item, in their order. */
  async generateImages(input: GenerateImagesInput, options?: RequestOptions): Promise<ItemResult[]> {
    return (await this.mutate(GenerateImagesDocument, { input }, options)).generateImages.results;
  }

  async planImage(input: Run<GenerateImageInput>, options?: RequestOptions): Promise<Plan> {
    const variables = { input: { ...input, dryRun: true } };
    const { generateImage } = await this.mutate(PlanImageDocument, variables, options);
    return expected(generateImage, 'DryRun');
  }

  async regenerate(input: Run<RegenerateInput>, options?: RequestOptions): Promise<Generation> {
    const { regenerate } = await this.mutate(RegenerateDocument, { input }, options);
    return expected(regenerate, 'RegeneratePayload', 'planRegeneration').generation;
  }

  async planRegeneration(input: Run<RegenerateInput>, options?: RequestOptions): Promise<Plan> {
    const variables = { input: { ...input, dryRun: true } };
    const { regenerate } = await this.mutate(PlanRegenerationDocument, variables, options);
    return expected(regenerate, 'DryRun');
  }

  async cancelGeneration(input: CancelGenerationInput, options?: RequestOptions): Promise<Generation> {
    return (await this.mutate(CancelGenerationDocument, { input }, options)).cancelGeneration.generation;
  }

  async deleteGeneration(input: DeleteGenerationInput, options?: RequestOptions): Promise<void> {
    await this.mutate(DeleteGenerationDocument, { input }, options);
  }
}

function operationOf(document: { toString(): string }, variables: unknown): Operation {
  return { query: document.toString(), variables: variables as Operation['variables'] };
}

/** The member of a union that the input asks for. `planner`: the method for a dry run, which types rule out here. */
function expected<Member extends { readonly __typename: string }, Name extends Member['__typename']>(
  result: Member,
  name: Name,
  planner?: keyof Operations,
): Extract<Member, { readonly __typename: Name }> {
  const { __typename: actual } = result;
  if (actual !== name) {
    const advice = actual === 'DryRun' && planner !== undefined ? ` For a dry run call ${planner}.` : '';
    throw new LikenessError('BAD_RESPONSE', `Expected ${name}, got ${actual}.${advice}`);
  }
  return result as Extract<Member, { readonly __typename: Name }>;
}
