import type { Listen } from '../jobs/watch.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { StreamCount } from './stream.ts';
import type { WatchedRows } from './watched-rows.ts';
import type { PrismaClient } from '../generated/prisma/client.ts';
import type { Answer } from '../domain/refusal.ts';
import type { DefaultTrainers } from '../domain/trainers.ts';

type Wish = Readonly<Record<string, unknown>>;

/** What a caller can have done. Each checks its own input. */
export interface UseCases {
  createAvatar(ownerId: string, wish: Wish): Promise<Answer<{ readonly avatarId: string }>>;
  startTraining(ownerId: string, wish: Wish): Promise<Answer<{ readonly avatarId: string }>>;
  cancelTraining(ownerId: string, avatarId: string): Promise<Answer<{ readonly avatarId: string }>>;
  deleteAvatar(ownerId: string, avatarId: string): Promise<Answer<{ readonly deletedAvatarId: string }>>;
  generateImage(ownerId: string, wish: Wish): Promise<Answer<{ readonly generationId: string }>>;
}

/** What is the same for every request: built once, when the server starts. */
export type Services = {
  readonly prisma: PrismaClient;
  readonly useCases: UseCases;
  readonly news: { listen(channel: 'avatar' | 'avatarsOf' | 'generation', id: string): Listen };
  readonly defaultTrainers: DefaultTrainers;
  readonly streams: StreamCount;
  readonly watched: WatchedRows;
};

export type Context = Services & {
  /** Null: no token was given where one is needed. */
  readonly viewer: Viewer | null;
};
