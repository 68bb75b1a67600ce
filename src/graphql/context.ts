import type { Notifications } from '../live/notifications.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import type { RowLoaders } from '../live/row-loaders.ts';
import type { PrismaClient } from '../generated/prisma/client.ts';
import type { UseCaseDeps } from '../jobs/deps.ts';
import type { DefaultTrainers } from '../catalog/trainers.ts';

/** Built once and shared by all requests. */
export type Services = {
  readonly prisma: PrismaClient;
  readonly jobs: UseCaseDeps;
  readonly notifications: Pick<Notifications, 'listen'>;
  readonly defaultTrainers: DefaultTrainers;
  readonly streams: KeyedSemaphore;
  readonly rows: RowLoaders;
};

export type Context = Services & {
  /** Null: anonymous. */
  readonly viewer: Viewer | null;
};
