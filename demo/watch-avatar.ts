import type { ApiClient } from './api-client.ts';
import type { AvatarStatus, AvatarStatusSubscription } from '../src/generated/contract/graphql.ts';

export type AvatarState = AvatarStatusSubscription['avatarStatus'];

export type AvatarWatch = {
  /** Every received state. */
  readonly states: readonly AvatarState[];
  /** The state at the time of subscribing. */
  readonly first: Promise<AvatarState>;
  /** The final state. Rejects when the subscription ends early. */
  readonly ended: Promise<AvatarState>;
};

/** Subscribes to an avatar until its training ends. */
export function watchAvatar(
  client: ApiClient,
  avatarId: string,
  onState: (state: AvatarState) => void,
): AvatarWatch {
  const stream = client.watch('AvatarStatus', { avatarId });
  const opening = stream.next();
  const states: AvatarState[] = [];
  const follow = async () => {
    for (let next = await opening; next.done !== true; next = await stream.next()) {
      const state = next.value.avatarStatus;
      states.push(state);
      onState(state);
      if (!ENDED.has(state.status)) continue;
      await stream.return();
      return state;
    }
    throw new Error('The subscription ended before the training did');
  };
  const ended = follow();
  return { states, ended, first: opening.then(() => states[0] ?? ended) };
}

const ENDED: ReadonlySet<AvatarStatus> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
