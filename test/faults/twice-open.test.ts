import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { launchServer, type Server } from '../support/server.ts';
import { mountDisk, noDisks } from './tmpfs.ts';

vi.setConfig({ testTimeout: 240_000 });

let folder: string;
let servers: Server[];

beforeEach(async () => {
  servers = [];
  folder = await mkdtemp(join(tmpdir(), 'likeness-twice-'));
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.kill()));
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
