import type { ApiClient } from './api-client.ts';
import type { AvatarState } from './watch-avatar.ts';
import type { Output } from './output.ts';
import type { Wait } from './stoppable.ts';
import type { Services } from './services.ts';

/** Dependencies of every step. */
export type Context = {
  readonly output: Output;
  readonly wait: Wait;
  readonly services: Services;
  readonly client: ApiClient;
};

/** The two avatars in display order. */
export type Avatars = readonly [portrait: AvatarState, style: AvatarState];
