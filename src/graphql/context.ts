import type { Notifications } from '../live/notifications.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import type { RowLoaders } from '../live/row-loaders.ts';
import type { PrismaClient } from '../generated/prisma/client.ts';
import type { UseCaseDeps } from '../jobs/deps.ts';
import type { DefaultTrainers } from '../catalog/trainers.ts';

/** What is the same for every request: built once, when the server starts. */
export type Services = {
  readonly prisma: PrismaClient;
  readonly jobs: UseCaseDeps;
  readonly notifications: Pick<Notifications, 'listen'>;
  readonly defaultTrainers: DefaultTrainers;
  readonly streams: KeyedSemaphore;
  readonly rows: RowLoaders;
};

export type Context = Services & {
  /** Null: no token was given where one is needed. */
  readonly viewer: Viewer | null;
};
