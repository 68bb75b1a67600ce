import type { ExecutionResult } from 'graphql';
import type { ChangeLog } from '../live/watch-changes.ts';
import type { Notifications } from '../live/notifications.ts';
import type { ServedRef } from '../jobs/files/open-file.ts';
import type { StreamTickets } from '../auth/stream-tickets.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import type { PrismaClient } from '../generated/prisma/client.ts';
import type { UseCaseDeps } from '../jobs/deps.ts';
import type { SharedFeeds } from './shared-feeds.ts';
import type { RowReads, UsageReads } from './reads.ts';

/** Built once and shared by all requests. */
export type Services = {
  readonly prisma: PrismaClient;
  readonly deps: UseCaseDeps;
  readonly notifications: Pick<Notifications, 'listen'>;
  readonly streams: KeyedSemaphore;
  readonly rows: RowReads;
  /** The URL for the upload of a photo, for a client that addresses this server by `host`. */
  readonly uploadUrl: (token: string, host: string | undefined) => string;
  /** The URL of a photo, or of our copy of a file of a run; null if this server keeps no copies. */
  readonly fileUrl: (file: ServedRef, host: string | undefined) => string | null;
  readonly usage: UsageReads;
  readonly changes: ChangeLog;
  readonly streamTickets: Pick<StreamTickets, 'create' | 'identify'>;
};

/** One subscription over WebSocket, which takes encoded events: subscribers of one feed share them. */
export type EventSink = {
  readonly sharedFeeds: SharedFeeds;
  /** As sent by the subscriber. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly encode: (result: ExecutionResult) => Buffer;
  /** Sends an event at once. Without room it returns false, and calls `whenRoom` once there is room. */
  readonly take: (event: Buffer, whenRoom: () => void) => boolean;
  /** The stream gives no events, because they are taken, and ends with the subscription. */
  readonly onOpen: (stream: AsyncIterableIterator<unknown>) => void;
};

export type Context = Services & {
  /** Null: anonymous. */
  readonly viewer: Viewer | null;
  /** The viewer came with a ticket for event streams. */
  readonly subscribesOnly?: boolean;
  /** The Host header of the HTTP request, or of the upgrade to a WebSocket. */
  readonly host?: string | undefined;
  /** Of a subscription over WebSocket. */
  readonly sink?: EventSink;
};
