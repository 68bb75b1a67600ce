import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AvatarsDocument, CreateAvatarDocument } from '../../src/generated/contract/graphql.ts';
import { openEmbedded } from '../../src/db/embedded.ts';
import { startChild } from '../support/child-process.ts';
import { ensureEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { ask } from '../support/graphql-call.ts';
import { startServer, type ServerProcess } from '../support/server-process.ts';
import { silent } from '../support/template.ts';
import { buildCommands, runCommand, startCommand } from './run-command.ts';
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

    function enlarge(megabytes: number): void {
      execFileSync('mount', ['-o', `remount,size=${megabytes}m`, disk.folder]);
    }

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

    test('makes a backup beside a server say how much room it needs, and takes none of the server’s', async () => {
      await buildCommands();
      server = await startServer({ DATA_DIR: disk.folder });
      const { url } = server;
      fillBut(60 * MB);
      const target = join(tmpdir(), `likeness-${randomUUID()}.gz`);
      const { code, said } = await runCommand('backup', [target], { DATA_DIR: disk.folder });
      expect(code).toBe(1);
      expect(said).toMatch(
        /made no copy of its database: a copy of the database needs \d+ MB in .*, and (59|60) MB are free/,
      );
      expect(readdirSync(disk.folder).filter((name) => name.startsWith('copy.'))).toEqual([]);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);

      await server.kill(); // as the reason says: without a server no copy is needed
      expect(await runCommand('backup', [target], { DATA_DIR: disk.folder })).toMatchObject({ code: 0 });
      rmSync(target);
    });

    test('makes the server take the copy of a backup back, which says so, before it refuses writes', async () => {
      await buildCommands();
      enlarge(400);
      server = await startServer({ DATA_DIR: disk.folder });
      const { url } = server;
      const target = join(tmpdir(), `likeness-${randomUUID()}.gz`);
      const backup = startCommand('backup', [target], { DATA_DIR: disk.folder });
      const copies = (): string[] => readdirSync(disk.folder).filter((name) => /^(?:copy|gone)\./.test(name));
      await eventually('its copy to be read', () =>
        copies().some((name) => readdirSync(join(disk.folder, name)).some((file) => file.startsWith('lock.')))
          ? true
          : null,
      );
      backup.kill('SIGSTOP');
      fillBut(60 * MB);
      await eventually('its room to be free', () => (copies().length === 0 ? true : null), PATIENCE_MS);
      expect(freeOn(disk)).toBeGreaterThan(90 * MB); // also while its reader has its files open
      backup.kill('SIGCONT');
      const { code, said } = await backup.ended;
      expect(code).toBe(1);
      expect(said).toContain('The server took its copy of the database back');
      expect(existsSync(target)).toBe(false);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect(server.log.filter(({ msg }) => msg.includes('takes no writes'))).toEqual([]);
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
