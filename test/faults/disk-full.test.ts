import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AvatarsDocument, CreateAvatarDocument } from '../../src/generated/contract/graphql.ts';
import { openEmbedded } from '../../src/embedded/database.ts';
import { startChild } from '../support/child-process.ts';
import { ensureEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { ask } from '../support/graphql-call.ts';
import { startServer, type ServerProcess } from '../support/server-process.ts';
import { silent } from '../support/template.ts';
import { mountDisk, noDisks, type Disk } from './tmpfs.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const MB = 1024 * 1024;
const PATIENCE_MS = 30_000;

let disk: Disk;
let server: ServerProcess | undefined;

function freeOn({ folder }: Disk): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

describe.skipIf(noDisks !== undefined)(
  `a full disk${noDisks === undefined ? '' : ` (skipped: ${noDisks})`}`,
  () => {
    beforeEach(async () => {
      server = undefined;
      disk = mountDisk(120);
      await cp(await ensureEmbeddedTemplate(), disk.folder, { recursive: true });
    });
    afterEach(async () => {
      await server?.kill();
      disk.unmount();
    });

    function fillBut(leave: number): string {
      const file = join(disk.folder, `filler-${leave}`);
      execFileSync('fallocate', ['-l', String(freeOn(disk) - leave), file]);
      return file;
    }

    test('makes the server refuse writes and say it is not ready, until there is room; nothing acknowledged is lost', async () => {
      server = await startServer({ DATA_DIR: disk.folder });
      const { graphqlUrl, url } = server;
      const acknowledged: string[] = [];
      const create = async (): Promise<boolean> => {
        const input = { name: 'Ada', trainingType: 'PORTRAIT' } as const;
        const { data } = await ask(graphqlUrl, CreateAvatarDocument, { input });
        if (data === null || !('avatar' in data.createAvatar)) return false;
        acknowledged.push(data.createAvatar.avatar.id);
        return true;
      };
      const readiness = async () => {
        const answer = await fetch(`${url}/readyz`);
        return { status: answer.status, body: (await answer.json()) as unknown };
      };
      expect(await create()).toBe(true);

      const filler = fillBut(20 * MB);
      await eventually('writes to be refused', async () => ((await create()) ? null : true), PATIENCE_MS);
      expect(await readiness()).toEqual({
        status: 503,
        body: { status: 'degraded', database: 'disk-full' },
      });
      expect((await fetch(`${url}/livez`)).status).toBe(200);
      const { data } = await ask(graphqlUrl, AvatarsDocument, { first: 50 });
      expect(data).not.toBeNull(); // what is there can still be read
      expect(server.log.filter(({ msg }) => msg.startsWith('The disk is nearly full'))).toHaveLength(1);

      rmSync(filler);
      await eventually('writes to be taken again', async () => ((await create()) ? true : null), PATIENCE_MS);
      expect(await readiness()).toEqual({ status: 200, body: { status: 'ready' } });

      await server.kill();
      server = await startServer({ DATA_DIR: disk.folder });
      const after = await ask(server.graphqlUrl, AvatarsDocument, { first: 50 });
      expect(acknowledged.filter((id) => !after.text.includes(id))).toEqual([]);
    });

    test('that cannot be foreseen ends the process with the reason, and every acknowledged row is there afterwards', async () => {
      const filler = fillBut(48 * MB);
      const writer = startChild(fileURLToPath(new URL('full-disk-writer.ts', import.meta.url)), [
        disk.folder,
      ]);
      const acknowledged: number[] = [];
      const failures: string[] = [];
      for (let line = await writer.line(); line !== undefined; line = await writer.line()) {
        if (line.startsWith('failed')) failures.push(line);
        else acknowledged.push(Number(line));
      }
      await eventually('its end', () => writer.process.exitCode);
      expect(writer.process.exitCode).not.toBe(0);
      expect(failures.join('\n')).toContain('No space left on device');
      expect(acknowledged.length).toBeGreaterThan(50);

      rmSync(filler);
      const { pool, close } = await openEmbedded(disk.folder, silent);
      const { rows } = await pool.query<{ n: number }>('SELECT n FROM filling');
      const there = new Set(rows.map(({ n }) => n));
      expect(acknowledged.filter((n) => !there.has(n))).toEqual([]);
      await close();
    });

    test('is told at the start', async () => {
      fillBut(10 * MB);
      server = await startServer({ DATA_DIR: disk.folder }, { waitFor: 'nothing' });
      expect(await server.ended).toEqual({ code: 1, signal: null });
      expect(server.printed()).toContain(`Only 10 MB are free where ${disk.folder}`);

      rmSync(join(disk.folder, 'postgres'), { recursive: true });
      await writeFile(join(disk.folder, 'more'), Buffer.alloc(20 * MB));
      server = await startServer({ DATA_DIR: disk.folder }, { waitFor: 'nothing' });
      expect(await server.ended).toEqual({ code: 1, signal: null });
      expect(server.printed()).toMatch(/MB are free .* needs 56 MB/);
    });
  },
);
