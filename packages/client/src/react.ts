'use client';

import {
  createContext,
  createElement,
  useContext,
  useMemo,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from 'react';
import type { Avatar, Generation, LikenessClient, WatchOptions } from './client.ts';
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

type WatchRow<Row> = (client: LikenessClient, id: string, options: WatchOptions) => AsyncIterable<Row>;

const watchAvatar: WatchRow<Avatar> = (client, id, options) => client.watchAvatar(id, options);
const watchGeneration: WatchRow<Generation> = (client, id, options) => client.watchGeneration(id, options);
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
