import type { ApiClient } from './api-client.ts';
import type { AvatarStatus, AvatarStatusSubscription } from '../src/generated/contract/graphql.ts';

export type AvatarState = AvatarStatusSubscription['avatarStatus'];

export type AvatarWatch = {
  /** Everything the subscription told, in order. */
  readonly states: readonly AvatarState[];
  /** The state at the time of subscribing. */
  readonly first: Promise<AvatarState>;
  /** The state in which the training ended. Rejects when the subscription ends before. */
  readonly ended: Promise<AvatarState>;
};

/** Subscribes to an avatar until its training has ended. */
export function watchAvatar(
  client: ApiClient,
  avatarId: string,
  onState: (state: AvatarState) => void,
): AvatarWatch {
  const told = client.watch('AvatarStatus', { avatarId });
  const opening = told.next();
  const states: AvatarState[] = [];
  const follow = async () => {
    for (let next = await opening; next.done !== true; next = await told.next()) {
      const state = next.value.avatarStatus;
      states.push(state);
      onState(state);
      if (!ENDED.has(state.status)) continue;
      await told.return();
      return state;
    }
    throw new Error('The subscription ended before the training did');
  };
  const ended = follow();
  return { states, ended, first: opening.then(() => states[0] ?? ended) };
}

const ENDED: ReadonlySet<AvatarStatus> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
