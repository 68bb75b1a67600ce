import { EventStreamTransport } from './event-stream.ts';
import { follow, type Connections } from './follow.ts';
import {
  AvatarByIdDocument,
  AvatarStatusDocument,
  ChangesDocument,
  GenerationFields,
  GenerationStatusDocument,
  PhotoSetOfDocument,
  WatchPhotoSetDocument,
  type ChangesSubscription,
  type PhotoSetFieldsFragment,
} from './generated/operations.ts';
import { Http, type Fetch, type Operation } from './http.ts';
import { Operations, type Avatar, type Generation } from './operations.ts';
import { PollingTransport } from './polling.ts';
import { TIMING, type Timing } from './timing.ts';
import { Tokens, type TokenOption } from './tokens.ts';
import type { TransportName } from './transport.ts';
import { Transports } from './transports.ts';
import { uploadPhotos, type PhotoFile, type UploadedPhoto, type UploadOptions } from './upload-photos.ts';
import { Watch } from './watch.ts';
import { WebSocketTransport, type WebSocketClass } from './websocket.ts';

export * from './generated/operations.ts';
export { LikenessError, RefusalError, type GraphqlError, type LikenessErrorCode } from './errors.ts';
export type { Avatar, Generation, Plan, RequestOptions, Run } from './operations.ts';
export type { Result } from './http.ts';
export type { PhotoFile, UploadedPhoto, UploadOptions, UploadProgress } from './upload-photos.ts';
export type { Unrefused } from './refusals.ts';
export type { AnyDocument, TypedDocument } from './typed-document.ts';
export type { Fetch, Timing, TokenOption, TransportName, Watch, WebSocketClass };

export type PhotoSet = PhotoSetFieldsFragment;
/** An event of `watchChanges`. */
export type Change = ChangesSubscription['changes'];

export type ClientOptions = {
  /** Address of the API, such as `https://avatars.example.com/graphql`. In a page it may be a path. */
  readonly url: string;
  /** Left out: for a server without tokens. */
  readonly token?: TokenOption;
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /** Default: the global one; Node has it from version 22 on. Null: watches use event streams. */
  readonly WebSocket?: WebSocketClass | null;
  readonly timing?: Partial<Timing>;
};

export type WatchOptions = {
  /** Ends the watch without an error. */
  readonly signal?: AbortSignal;
  /** The version that you have: the first state given is newer. */
  readonly afterVersion?: number;
  /** Called when the watch is connected, and with null when the connection is lost. */
  readonly onConnection?: (transport: TransportName | null) => void;
};

export type WatchAvatarOptions = WatchOptions & {
  /** Whether to end after a state in which no training is under way: COMPLETED, FAILED or CANCELLED. */
  readonly untilFinal?: boolean;
};

export type WatchChangesOptions = Omit<WatchOptions, 'afterVersion'> & {
  /** Cursor of the last event that you have applied: the changes after it come first. */
  readonly after?: string | null | undefined;
};

/** The object of a watch: what gives its newest state, and its state now. */
type Live = { readonly subscription: Operation; readonly query: Operation };

type Versioned = { readonly version: number };

const FINAL: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** A query for what the subscription gives, no more. */
const GENERATION = `query($id:ID!){generation(id:$id){...GenerationFields}}${GenerationFields}`;

export function createClient(options: ClientOptions): LikenessClient {
  return new LikenessClient(options);
}

/** Requests and watches. It holds a connection only while something is watched. */
export class LikenessClient extends Operations {
  readonly #connections: Connections;
  /** Without polling, which would miss changes. */
  readonly #streams: Connections;
  readonly #platform: { readonly fetch: Fetch; readonly timing: Timing };

  constructor({ url: address, token, timing: given, ...platform }: ClientOptions) {
    const {
      fetch = (input: string, init: RequestInit) => globalThis.fetch(input, init),
      WebSocket = globalWebSocket(),
    } = platform;
    const url = absolute(address);
    const timing = { ...TIMING, ...given };
    const tokens = new Tokens(token);
    const http = new Http(url, fetch, tokens);
    super(http);
    this.#platform = { fetch, timing };
    const polling = new PollingTransport(http, timing);
    const webSocket =
      WebSocket === null
        ? []
        : [new WebSocketTransport({ url: url.replace(/^http/, 'ws'), WebSocket, tokens, timing })];
    const streams = [...webSocket, new EventStreamTransport(http, timing)];
    const shared = { polling, tokens, timing };
    this.#connections = { transports: new Transports([...streams, polling], timing), ...shared };
    this.#streams = { transports: new Transports(streams, timing), ...shared };
  }

  /**
   * The present state of an avatar, then its newest state after every change, with increasing versions. It reconnects by
   * itself, and ends when the avatar is deleted. Throws NOT_FOUND, and UNAUTHENTICATED when there is no valid token.
   */
  watchAvatar(id: string, { untilFinal = false, ...options }: WatchAvatarOptions = {}): Watch<Avatar> {
    const topic = {
      subscription: { query: AvatarStatusDocument, variables: { avatarId: id } },
      query: { query: AvatarByIdDocument, variables: { id } },
    };
    return this.#watch<Avatar>(topic, ({ status }) => untilFinal && FINAL.has(status), options);
  }

  /** As watchAvatar. It ends after COMPLETED, FAILED or CANCELLED, and when the avatar is deleted. */
  watchGeneration(id: string, options: WatchOptions = {}): Watch<Generation> {
    const topic = {
      subscription: { query: GenerationStatusDocument, variables: { generationId: id } },
      query: { query: GENERATION, variables: { id } },
    };
    return this.#watch<Generation>(topic, ({ status }) => FINAL.has(status), options);
  }

  /** The photos of an avatar: which are accepted, how many are missing. It ends after the avatar is deleted. */
  watchPhotoSet(avatarId: string, options: WatchOptions = {}): Watch<PhotoSet> {
    const variables = { avatarId };
    const topic = {
      subscription: { query: WatchPhotoSetDocument, variables },
      query: { query: PhotoSetOfDocument, variables },
    };
    return this.#watch<PhotoSet>(topic, () => false, options);
  }

  /**
   * Every change of the caller's avatars and generations, deletions included. It reconnects by itself, and continues after
   * its last event. CaughtUp comes once: at first, or with `after` when the changes before the watch have been given. A slow
   * consumer gets the newest change of each object. Throws CURSOR_EXPIRED when a change after `after` is a week old.
   */
  watchChanges({
    after,
    signal: ending,
    onConnection = () => undefined,
  }: WatchChangesOptions = {}): Watch<Change> {
    let isCaughtUp = false;
    return new Watch<Change>(
      (onRow, signal) =>
        follow<Change, string>(this.#streams, {
          topic: {
            subscriptionAfter: (cursor) => ({ query: ChangesDocument, variables: { after: cursor } }),
            query: null,
          },
          isLast: () => false,
          after: after ?? null,
          positionAfter: ({ cursor }) => cursor,
          onRow: (change) => {
            const isRepeated = isCaughtUp && change.__typename === 'CaughtUp';
            isCaughtUp ||= change.__typename === 'CaughtUp';
            if (!isRepeated) onRow(change);
          },
          onConnection,
          signal,
        }),
      ending,
      // A change before CaughtUp is not given after it.
      (change) => `${isCaughtUp} ${idIn(change)}`,
    );
  }

  /**
   * Uploads photos, and returns what became of each: it repeats uploads that break off, and does not throw for a photo that
   * is refused. Throws RefusalError if the set is refused as a whole, such as for its size.
   */
  uploadPhotos(
    avatarId: string,
    files: Iterable<PhotoFile>,
    options: UploadOptions = {},
  ): Promise<UploadedPhoto[]> {
    return uploadPhotos({ operations: this, ...this.#platform }, avatarId, files, options);
  }

  #watch<Row extends Versioned>(
    { subscription, query }: Live,
    isLast: (row: Row) => boolean,
    { signal: ending, afterVersion, onConnection = () => undefined }: WatchOptions,
  ): Watch<Row> {
    return new Watch<Row>(
      (onRow, signal) =>
        follow<Row, number>(this.#connections, {
          topic: {
            subscriptionAfter: (version) => ({
              ...subscription,
              variables: { ...subscription.variables, afterVersion: version },
            }),
            query,
          },
          isLast,
          after: afterVersion ?? null,
          positionAfter: ({ version }, last) => (version > (last ?? -1) ? version : null),
          onRow,
          onConnection,
          signal,
        }),
      ending,
    );
  }
}

/** The id of the changed object; none for CaughtUp. */
function idIn(change: Change): string {
  switch (change.__typename) {
    case 'AvatarChanged':
      return change.avatar.id;
    case 'AvatarDeleted':
      return change.avatarId;
    case 'GenerationChanged':
      return change.generation.id;
    case 'GenerationDeleted':
      return change.generationId;
    case 'CaughtUp':
      return '';
  }
}

function absolute(address: string): string {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  return new URL(address, location?.href).href;
}

function globalWebSocket(): WebSocketClass | null {
  return (globalThis as { readonly WebSocket?: WebSocketClass }).WebSocket ?? null;
}
