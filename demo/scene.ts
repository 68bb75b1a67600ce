import type { ApiClient } from './api-client.ts';
import type { AvatarState } from './watch-avatar.ts';
import type { Narrator } from './narrator.ts';
import type { Patience } from './patience.ts';
import type { Services } from './services.ts';

/** What every act works with. */
export type Scene = {
  readonly narrator: Narrator;
  readonly wait: Patience;
  readonly services: Services;
  readonly client: ApiClient;
};

/** The two avatars, in the order in which they are shown. */
export type Cast = readonly [portrait: AvatarState, style: AvatarState];
