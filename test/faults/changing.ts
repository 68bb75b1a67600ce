import { fileURLToPath } from 'node:url';
import { databasePlace } from '../support/database.ts';
import { startChild } from '../support/child-process.ts';
import type { Timeouts } from '../../src/http/timeouts.ts';

export type ChangingServerOptions = {
  /** How often the avatar changes at a time. */
  readonly changes: number;
  /** The size of what is sent about it. */
  readonly rowBytes: number;
  readonly patience?: Partial<Timeouts>;
  readonly limits?: { readonly streamsPerOwner?: number; readonly socketsPerOwner?: number };
};

/** What one lot of changes came to. */
export type ChangesMade = {
  readonly version: number;
  readonly tookMs: number;
  /** Memory in use, before and after. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
};

export type ChangingServer = {
  readonly graphqlUrl: string;
  readonly avatarId: string;
  readonly change: () => Promise<ChangesMade>;
  /** Subscriptions that listen at the moment. */
  readonly listeners: () => Promise<number>;
  readonly close: () => Promise<void>;
};

/** A server in a process of its own with one avatar, which changes as often and as fast as it is told to. */
export async function startChangingServer(options: ChangingServerOptions): Promise<ChangingServer> {
  const place = await databasePlace();
  const script = fileURLToPath(new URL('changing-server.ts', import.meta.url));
  const child = startChild(script, [JSON.stringify(options)], place.env);
  const line = async <T>() => JSON.parse((await child.line()) ?? '{"ended": true}') as T;
  const { graphqlUrl, avatarId } = await line<{ readonly graphqlUrl: string; readonly avatarId: string }>();
  return {
    graphqlUrl,
    avatarId,
    change: () => {
      child.process.kill('SIGUSR2');
      return line<ChangesMade>();
    },
    async listeners() {
      const metrics = await (await fetch(new URL('/metrics', graphqlUrl))).text();
      return Number(/^likeness_subscription_listeners (\d+)$/m.exec(metrics)?.[1]);
    },
    async close() {
      await child.kill();
      await place.drop();
    },
  };
}
