'use client';

import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from 'react';
import type { Avatar, Change, Generation, LikenessClient, PhotoSet, WatchOptions } from './client.ts';
import { RowStore, type RowState } from './row-store.ts';
import { UploadStore, type UploadState } from './upload-store.ts';

const ClientContext = createContext<LikenessClient | null>(null);

/** Gives a client to the hooks of its children. */
export function LikenessProvider(props: {
  readonly client: LikenessClient;
  readonly children?: ReactNode;
}): ReactElement {
  return createElement(ClientContext.Provider, { value: props.client }, props.children);
}

/** The client of the nearest LikenessProvider. */
export function useLikeness(): LikenessClient {
  const client = useContext(ClientContext);
  if (client === null) throw new Error('This component is not inside a LikenessProvider.');
  return client;
}

type Live = Omit<RowState<unknown>, 'row'>;

export type UseAvatar = Live & { readonly avatar: Avatar | null };
export type UseGeneration = Live & { readonly generation: Generation | null };
export type UsePhotoSet = Live & { readonly photoSet: PhotoSet | null };

/** The live state of an avatar. Null watches nothing. */
export function useAvatar(id: string | null | undefined): UseAvatar {
  const { row: avatar, ...live } = useRow(id, watchAvatar, neverEnds);
  return { avatar, ...live };
}

/** The live state of a generation. Null watches nothing. */
export function useGeneration(id: string | null | undefined): UseGeneration {
  const { row: generation, ...live } = useRow(id, watchGeneration, hasEnded);
  return { generation, ...live };
}

/** The live photos of an avatar: which are accepted, and what is missing. Null watches nothing. */
export function usePhotoSet(avatarId: string | null | undefined): UsePhotoSet {
  const { row: photoSet, ...live } = useRow(avatarId, watchPhotoSet, neverEnds);
  return { photoSet, ...live };
}

export type UseUpload = UploadState & Pick<UploadStore, 'upload' | 'cancel'>;

/** Uploads photos of an avatar. Leaving the page cancels the uploads. */
export function useUpload(avatarId: string): UseUpload {
  const client = useLikeness();
  const { subscribe, state, initial, upload, cancel } = useMemo(
    () => new UploadStore(client, avatarId),
    [client, avatarId],
  );
  return { ...useSyncExternalStore(subscribe, state, initial), upload, cancel };
}

export type UseChanges = {
  /** Whether CaughtUp has come: read the lists then. */
  readonly isCaughtUp: boolean;
  /** It ended the updates. A lost connection is no error: the watch reconnects. */
  readonly error: Error | null;
};

/**
 * Calls `onChange` for every change of the caller's avatars and generations, as `watchChanges` does, one after the other:
 * it waits for a promise. What the function throws ends the updates as an error of the connection would.
 *
 * @param options.after cursor to begin with; read once
 */
export function useChanges(
  onChange: (change: Change) => unknown,
  options: { readonly after?: string | null | undefined } = {},
): UseChanges {
  const client = useLikeness();
  const [state, setState] = useState<UseChanges>(NOT_CAUGHT_UP);
  // A change is given to the handler of the last render, and the position outlives an effect that runs twice.
  const latest = useRef(onChange);
  useEffect(() => void (latest.current = onChange));
  const position = useRef({ client, after: options.after });

  useEffect(() => {
    // The cursor of one caller means nothing to another.
    if (position.current.client !== client) position.current = { client, after: null };
    setState(NOT_CAUGHT_UP);
    const leaving = new AbortController();
    const { signal } = leaving;
    const follow = async () => {
      for await (const change of client.watchChanges({ after: position.current.after, signal })) {
        if (signal.aborted) return;
        await latest.current(change);
        // The component may have left in the meantime.
        if (leaving.signal.aborted) return;
        position.current.after = change.cursor;
        if (change.__typename === 'CaughtUp') setState({ isCaughtUp: true, error: null });
      }
    };
    follow().catch((error: unknown) => {
      if (!signal.aborted) setState((before) => ({ ...before, error: error as Error }));
    });
    return () => leaving.abort();
  }, [client]);
  return state;
}

const NOT_CAUGHT_UP: UseChanges = { isCaughtUp: false, error: null };

type WatchRow<Row> = (client: LikenessClient, id: string, options: WatchOptions) => AsyncIterable<Row>;

const watchAvatar: WatchRow<Avatar> = (client, id, options) => client.watchAvatar(id, options);
const watchGeneration: WatchRow<Generation> = (client, id, options) => client.watchGeneration(id, options);
const watchPhotoSet: WatchRow<PhotoSet> = (client, id, options) => client.watchPhotoSet(id, options);
const neverEnds = () => false;
const hasEnded = ({ status }: Generation) => status !== 'QUEUED' && status !== 'RUNNING';

/** Another id or client is another store, so no state of the old one is shown. Nothing connects before a subscription. */
function useRow<Row extends { readonly version: number }>(
  id: string | null | undefined,
  watch: WatchRow<Row>,
  isLast: (row: Row) => boolean,
): RowState<Row> {
  const client = useLikeness();
  const { subscribe, state, initial } = useMemo(
    () => new RowStore(id == null ? null : (options) => watch(client, id, options), isLast),
    [client, id, watch, isLast],
  );
  return useSyncExternalStore(subscribe, state, initial);
}
