import { fileURLToPath } from 'node:url';
import { ApiClient, type AvatarRow, type Transport } from './api-client.ts';
import { databasePlace } from './database.ts';
import { startChild } from './child-process.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import type { Watch } from './watch.ts';
import type { Timeouts } from '../../src/http/timeouts.ts';

export type ChangingServerOptions = {
  /** Changes of the avatar in one series. */
  readonly changes: number;
  /** The size of its state. */
  readonly rowBytes: number;
  readonly patience?: Partial<Timeouts>;
  readonly limits?: { readonly streamsPerOwner?: number; readonly socketsPerOwner?: number };
};

/** The result of one series of changes. */
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
  /** Open subscriptions. */
  readonly listeners: () => Promise<number>;
  readonly close: () => Promise<void>;
};

/** A server in a process of its own with one avatar, which changes in fast series. */
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
    listeners: () => new ApiClient(new URL(graphqlUrl).origin).listeners(),
    async close() {
      await child.kill();
      await place.drop();
    },
  };
}

export type Subscriber = {
  readonly watch: Watch<AvatarRow>;
  /** Its connection: stall() pauses the subscriber like a suspended laptop. */
  readonly proxy: TcpProxy;
  readonly close: () => Promise<void>;
};

/** Resolves when the first state has come. */
export async function openSubscriber(server: ChangingServer, over: Transport): Promise<Subscriber> {
  const proxy = await startTcpProxy([{ port: Number(new URL(server.graphqlUrl).port) }]);
  const client = new ApiClient(proxy.url);
  const watch = client.watchAvatar({ avatarId: server.avatarId }, { over });
  await watch.next();
  const close = async () => {
    await client.disconnect();
    await proxy.close();
  };
  return { watch, proxy, close };
}
