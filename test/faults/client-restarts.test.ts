import { afterAll, expect, test } from 'vitest';
import type { Avatar, TransportName } from '../../packages/client/src/client.ts';
import type { Database } from '../../src/open-database.ts';
import { eventually } from '../support/eventually.ts';
import { photos } from '../support/api-client.ts';
import { quickClient } from '../support/quick-client.ts';
import { startStack } from '../support/stack.ts';

const KILLS = 20;

/** Those of a killed server last two minutes, in which nothing would change. */
async function endLeases({ prisma }: Database): Promise<void> {
  await prisma.job.updateMany({ data: { nextPollAt: new Date() } });
}

const stack = await startStack({ simulator: { timing: { trainMs: 150_000, progressSteps: 1000 } } });
afterAll(() => stack.close());

test(`a watch goes on through ${KILLS} killed servers of one training, with increasing versions only`, async () => {
  const server = stack.server();
  const client = quickClient(server.url);
  const { id } = await client.createAvatar({ name: 'Ada', trainingType: 'PORTRAIT' });
  await client.startTraining({ avatarId: id, imagesUrl: photos() });
  const connections: (TransportName | null)[] = [];
  const rows: Avatar[] = [];
  const watching = (async () => {
    const onConnection = (name: TransportName | null) => void connections.push(name);
    for await (const row of client.watchAvatar(id, { untilFinal: true, onConnection })) rows.push(row);
  })();
  const connected = (after: number) =>
    eventually('a connection', () => connections.slice(after).find((name) => name !== null));
  await connected(0);

  for (let kill = 0; kill < KILLS; kill++) {
    const [before, count] = [connections.length, rows.length];
    // Every other server is killed before it has told anything.
    const hasNews = kill % 2 === 0;
    await server.kill();
    if (hasNews) await stack.atDatabase(endLeases);
    await server.start();
    await connected(before);
    if (hasNews) await eventually('progress', () => rows.length > count);
  }
  await stack.simulator.deliver(stack.webhookOf());
  await watching;

  expect(rows.at(-1)).toMatchObject({ status: 'COMPLETED', isReady: true });
  const versions = rows.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
});
