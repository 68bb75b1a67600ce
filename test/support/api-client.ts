import type { Client } from 'graphql-ws';
import type { ScenarioName } from '@likeness/fal-simulator';
import {
  AvatarByIdDocument,
  AvatarStatusDocument,
  CancelTrainingDocument,
  ChangesDocument,
  CreateAvatarDocument,
  CreatePhotoUploadsDocument,
  DeleteAvatarDocument,
  DeletePhotoDocument,
  GenerateImageDocument,
  GenerationByIdDocument,
  GenerationStatusDocument,
  PhotoSetOfDocument,
  StartTrainingDocument,
  WatchPhotoSetDocument,
  UpdateAvatarDocument,
  type AvatarStatusSubscription,
  type AvatarStatusSubscriptionVariables,
  type ChangesSubscription,
  type ChangesSubscriptionVariables,
  type CreateAvatarInput,
  type GenerateImageInput,
  type GenerationByIdQuery,
  type GenerationStatusSubscription,
  type GenerationStatusSubscriptionVariables,
  type PhotoFileInput,
  type StartTrainingInput,
  type WatchPhotoSetSubscription,
  type WatchPhotoSetSubscriptionVariables,
  type TypedDocumentString,
  type UpdateAvatarInput,
} from '../../src/generated/contract/graphql.ts';
import { ask, shown, type Answer, type CallOptions } from './graphql-call.ts';
import { exchange } from './http-exchange.ts';
import { overSse } from './watch-over-sse.ts';
import { openSocket, overWs } from './watch-over-ws.ts';
import { sumOfSamples } from './metric-samples.ts';
import { Watch } from './watch.ts';

export type AvatarRow = AvatarStatusSubscription['avatarStatus'];
export type GenerationRow = GenerationStatusSubscription['generationStatus'];

type PhotoSet = WatchPhotoSetSubscription['photoSet'];

export type Transport = 'ws' | 'sse';
export const TRANSPORTS = ['ws', 'sse'] as const;

type WatchOptions = {
  readonly over?: Transport;
  readonly token?: string | undefined;
  /** A WebSocket to share; see ApiClient.socket(). */
  readonly socket?: Client;
};

const SETTLED = new Set<AvatarRow['status']>(['COMPLETED', 'FAILED', 'CANCELLED']);

/** The URL of an archive of valid photos. The simulator runs the scenarios named in it. */
export function photos(...scenarios: ScenarioName[]): string {
  const url = 'https://photos.example/likeness.zip';
  return scenarios.length === 0 ? url : `${url}?scenario=${scenarios.join(',')}`;
}

/** What a caller does with one server. Methods other than `ask` throw when the server refuses. */
export class ApiClient {
  readonly url: string;
  readonly graphqlUrl: string;
  readonly #token: string | undefined;
  readonly #watches = new Set<{ stop(): Promise<void> }>();

  /** @param token of every call that brings none of its own */
  constructor(url: string, token?: string) {
    this.url = url;
    this.graphqlUrl = `${url}/graphql`;
    this.#token = token;
  }

  /** The answer, successful or not. */
  ask<R, V>(
    document: TypedDocumentString<R, V>,
    variables: NoInfer<V>,
    { token = this.#token, ...options }: CallOptions = {},
  ): Promise<Answer<R>> {
    return ask<R, V>(this.graphqlUrl, document, variables, { token, ...options });
  }

  /** The data of an operation that has to succeed. */
  async execute<R, V>(
    document: TypedDocumentString<R, V>,
    variables: NoInfer<V>,
    options?: CallOptions,
  ): Promise<R> {
    const { status, text, data, errors } = await this.ask(document, variables, options);
    if (status === 200 && errors.length === 0 && data !== null) return data;
    throw new Error(`Refused.\n${shown({ query: document.toString(), variables }, status, text)}`);
  }

  /** What the field of a mutation returned: its payload, or the reason of its refusal. */
  async mutate<R extends Record<string, object>, I>(
    document: TypedDocumentString<R, { input: I }>,
    input: NoInfer<I>,
    options?: CallOptions,
  ): Promise<R[keyof R]> {
    const [result] = Object.values(await this.execute<R, { input: I }>(document, { input }, options));
    return result as R[keyof R];
  }

  async newAvatar(input: Partial<CreateAvatarInput> = {}, options?: CallOptions): Promise<AvatarRow> {
    const wish = { name: 'Ada', trainingType: 'PORTRAIT', ...input } as const;
    const result = await this.mutate(CreateAvatarDocument, wish, options);
    return 'avatar' in result ? result.avatar : refused(result);
  }

  async updateAvatar(input: UpdateAvatarInput, options?: CallOptions) {
    const result = await this.mutate(UpdateAvatarDocument, input, options);
    return 'avatar' in result ? result.avatar : refused(result);
  }

  async startTraining(
    input: Pick<StartTrainingInput, 'avatarId'> & Partial<StartTrainingInput>,
    options?: CallOptions,
  ): Promise<AvatarRow> {
    const result = await this.mutate(StartTrainingDocument, { imagesUrl: photos(), ...input }, options);
    return 'avatar' in result ? result.avatar : refused(result);
  }

  /** Starts a training and waits for its end: completed, failed or cancelled. */
  async train(...[input, options]: Parameters<ApiClient['startTraining']>): Promise<AvatarRow> {
    const { version } = await this.startTraining(input, options);
    return this.settled(input.avatarId, version - 1, options);
  }

  /** The first state above a version in which no training is open. */
  async settled(avatarId: string | number, afterVersion = 0, options?: CallOptions): Promise<AvatarRow> {
    const watch = this.watchAvatar({ avatarId, afterVersion }, { token: options?.token });
    try {
      return await watch.until(({ status }) => SETTLED.has(status), 'the end of the training');
    } finally {
      await watch.stop();
    }
  }

  async trainedAvatar(input: Partial<CreateAvatarInput> = {}, options?: CallOptions): Promise<AvatarRow> {
    const { id } = await this.newAvatar(input, options);
    return this.train({ avatarId: id }, options);
  }

  async cancelTraining(avatarId: string, options?: CallOptions): Promise<AvatarRow> {
    const result = await this.mutate(CancelTrainingDocument, { avatarId }, options);
    return 'avatar' in result ? result.avatar : refused(result);
  }

  async deleteAvatar(avatarId: string, options?: CallOptions): Promise<void> {
    const result = await this.mutate(DeleteAvatarDocument, { avatarId }, options);
    if (!('deletedAvatarId' in result)) refused(result);
  }

  async generate(
    input: Pick<GenerateImageInput, 'avatarId'> & Partial<GenerateImageInput>,
    options?: CallOptions,
  ): Promise<GenerationRow> {
    const wish = { prompt: 'a portrait by the window', ...input };
    const result = await this.mutate(GenerateImageDocument, wish, options);
    return 'generation' in result ? result.generation : refused(result);
  }

  /** Null when the caller has no such avatar. */
  async avatar(id: string, options?: CallOptions): Promise<AvatarRow | null> {
    return (await this.execute(AvatarByIdDocument, { id }, options)).avatar;
  }

  async generation(id: string, options?: CallOptions): Promise<GenerationByIdQuery['generation']> {
    return (await this.execute(GenerationByIdDocument, { id }, options)).generation;
  }

  watchAvatar(variables: AvatarStatusSubscriptionVariables, options?: WatchOptions): Watch<AvatarRow> {
    const rowOf = (data: unknown) => (data as AvatarStatusSubscription).avatarStatus;
    return this.#watch(AvatarStatusDocument, variables, rowOf, options);
  }

  watchGeneration(
    variables: GenerationStatusSubscriptionVariables,
    options?: WatchOptions,
  ): Watch<GenerationRow> {
    const rowOf = (data: unknown) => (data as GenerationStatusSubscription).generationStatus;
    return this.#watch(GenerationStatusDocument, variables, rowOf, options);
  }

  async photoUploads(avatarId: string, files: readonly PhotoFileInput[], options?: CallOptions) {
    const input = { avatarId, files: [...files] };
    const result = await this.mutate(CreatePhotoUploadsDocument, input, options);
    return 'uploads' in result ? result.uploads : refused(result);
  }

  /** Announces photos and uploads them. */
  async uploadPhotos(
    avatarId: string,
    photos: readonly { readonly bytes: Buffer; readonly name: string; readonly caption?: string }[],
    options?: CallOptions,
  ): Promise<Response[]> {
    const files = photos.map(({ bytes, ...file }) => ({ ...file, size: bytes.byteLength }));
    const uploads = await this.photoUploads(avatarId, files, options);
    return Promise.all(uploads.map(({ url }, index) => putPhoto(url, photos[index]?.bytes)));
  }

  async deletePhoto(photoId: string, options?: CallOptions): Promise<PhotoSet> {
    const result = await this.mutate(DeletePhotoDocument, { photoId }, options);
    return 'photoSet' in result ? result.photoSet : refused(result);
  }

  /** Null when the caller has no such avatar. */
  async photoSet(avatarId: string, options?: CallOptions): Promise<PhotoSet | null> {
    return (await this.execute(PhotoSetOfDocument, { avatarId }, options)).photoSet;
  }

  watchPhotoSet(variables: WatchPhotoSetSubscriptionVariables, options?: WatchOptions): Watch<PhotoSet> {
    const rowOf = (data: unknown) => (data as WatchPhotoSetSubscription).photoSet;
    return this.#watch(WatchPhotoSetDocument, variables, rowOf, options);
  }

  watchChanges(
    variables: ChangesSubscriptionVariables,
    options?: WatchOptions,
  ): Watch<ChangesSubscription['changes']> {
    return this.#watch(ChangesDocument, variables, (data) => (data as ChangesSubscription).changes, options);
  }

  /** A WebSocket for several operations. */
  socket(token = this.#token): Client {
    const client = openSocket(this.graphqlUrl, token);
    this.#watches.add({ stop: async () => client.dispose() });
    return client;
  }

  /** The sum of a metric's samples whose labels fit. */
  async metric(
    name: string,
    labels: Readonly<Record<string, string>> = {},
    { token }: CallOptions = {},
  ): Promise<number> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { text } = await exchange(`${this.url}/metrics`, { method: 'GET', headers });
    return sumOfSamples(text, name, labels);
  }

  /** How many subscriptions the server has now. */
  listeners(): Promise<number> {
    return this.metric('likeness_subscription_listeners');
  }

  /** Status and body of /readyz. */
  async readiness(): Promise<{ readonly status: number; readonly body: unknown }> {
    const { status, text } = await exchange(`${this.url}/readyz`, { method: 'GET' });
    return { status, body: JSON.parse(text) as unknown };
  }

  /** Ends all subscriptions and sockets. */
  async disconnect(): Promise<void> {
    await Promise.all([...this.#watches].map((watch) => watch.stop()));
  }

  #watch<R, V, Row>(
    document: TypedDocumentString<R, V>,
    variables: V,
    rowOf: (data: unknown) => Row,
    { over = 'ws', token = this.#token, socket }: WatchOptions = {},
  ): Watch<Row> {
    const call = { query: document.toString(), variables };
    const transport =
      over === 'sse' ? overSse(this.graphqlUrl, call, token) : overWs(this.graphqlUrl, call, token, socket);
    const watch = new Watch(`${over} at ${this.url} ${JSON.stringify(variables)}`, transport, rowOf);
    this.#watches.add(watch);
    return watch;
  }
}

/** Sends the bytes of a photo as a browser does. */
export function putPhoto(
  url: string,
  bytes: Buffer | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const body = new Uint8Array(bytes ?? []);
  return fetch(url, { method: 'PUT', body, headers: { connection: 'close', ...headers } });
}

function refused(result: object): never {
  throw new Error(`Refused: ${JSON.stringify(result)}`);
}
