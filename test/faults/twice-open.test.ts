import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launchServer, type Server } from '../support/server.ts';
import { startChild, type Child } from '../support/child-process.ts';
import { mountDisk, noDisks } from '../support/tmpfs.ts';

const HOLDER = fileURLToPath(new URL('../support/lock-holder.ts', import.meta.url));

let folder: string;
let servers: Server[];
let children: Child[];

beforeEach(async () => {
  servers = [];
  children = [];
  folder = await mkdtemp(join(tmpdir(), 'likeness-twice-'));
});
afterEach(async () => {
  await Promise.all([...servers, ...children].map((each) => each.kill()));
  await rm(folder, { recursive: true, force: true });
});

async function begin(dataDir: string): Promise<Server> {
  const server = await launchServer({ DATA_DIR: dataDir });
  servers.push(server);
  return server;
}

test('of two servers that start at once on an empty folder, one serves and the other names its process', async () => {
  const both = await Promise.all([begin(folder), begin(folder)]);
  const loser = await Promise.race(both.map(async (server) => (await server.exited, server)));
  const winner = both.find((server) => server !== loser);
  if (winner === undefined) throw new Error('There are two');

  expect((await loser.exited).code).toBe(1);
  expect(loser.printed).toContain(`The data folder ${folder} is in use by process ${winner.pid}`);
  await winner.logged(({ msg }) => msg === 'ready', 'being ready');
  expect((await fetch(`${winner.url}/readyz`)).status).toBe(200);
});

test('a data folder is locked by exactly one of several processes, also after a killed one', async () => {
  // The second round finds what the killed holder of the first left.
  for (let round = 0; round < 2; round++) {
    const contenders = Array.from({ length: 4 }, () => startChild(HOLDER, [folder]));
    children.push(...contenders);
    const words = await Promise.all(contenders.map((child) => child.line()));

    expect(words.filter((word) => word === 'held')).toHaveLength(1);
    expect(words.filter((word) => word?.startsWith('refused '))).toHaveLength(3);
    await Promise.all(contenders.map((child) => child.kill()));
  }
});

test.skipIf(process.platform !== 'linux')(
  'a folder that cannot be created is a clear error (Linux: in /proc)',
  async () => {
    const server = await begin('/proc/nope/deeper');
    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(server.printed).toContain('The data folder /proc/nope/deeper cannot be made (ENOENT)');
  },
);

test.skipIf(noDisks !== undefined)(
  `a read-only folder is a clear error${noDisks === undefined ? '' : ` (skipped: ${noDisks})`}`,
  async () => {
    const disk = mountDisk(1, ',ro');
    try {
      for (const dataDir of [disk.folder, join(disk.folder, 'data')]) {
        const server = await begin(dataDir);
        expect(await server.exited).toEqual({ code: 1, signal: null });
        expect(server.printed).toContain(dataDir);
        expect(server.printed).toContain('DATA_DIR');
        expect(server.printed).toContain('EROFS');
      }
    } finally {
      disk.unmount();
    }
  },
);
