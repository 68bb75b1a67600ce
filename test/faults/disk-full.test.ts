import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { openEmbedded } from '../../src/embedded/database.ts';
import { startChild } from '../support/child-process.ts';
import { copyFolder, ensureEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { launchServer, startServer, type Server } from '../support/server.ts';
import { silent } from '../support/template.ts';
import { mountDisk, noDisks, type Disk } from '../support/tmpfs.ts';

const MB = 1024 * 1024;

let disk: Disk;
let server: Server | undefined;

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
      copyFolder(join(await ensureEmbeddedTemplate(), 'migrated'), disk.folder);
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

    test('makes the server refuse writes and report that it is not ready until there is room; nothing acknowledged is lost', async () => {
      const running = (server = await startServer({ DATA_DIR: disk.folder }));
      const acknowledged: string[] = [];
      const isAccepted = () =>
        running.newAvatar().then(
          ({ id }) => acknowledged.push(id) > 0,
          () => false,
        );
      expect(await isAccepted()).toBe(true);

      const filler = fillBut(20 * MB);
      await eventually('writes to be refused', async () => !(await isAccepted()));
      expect(await running.readiness()).toEqual({
        status: 503,
        body: { status: 'degraded', database: 'disk-full' },
      });
      expect((await fetch(`${running.url}/livez`)).status).toBe(200);
      expect((await running.ask(AvatarsDocument, { first: 50 })).data).not.toBeNull();
      expect(server.log.filter(({ msg }) => msg.startsWith('disk nearly full'))).toHaveLength(1);

      rmSync(filler);
      await eventually('writes to be accepted again', async () => await isAccepted());
      expect(await running.readiness()).toEqual({ status: 200, body: { status: 'ready' } });

      await running.kill();
      await running.start();
      for (const id of acknowledged) expect(await running.avatar(id)).not.toBeNull();
    });

    test('that fills up too fast ends the process with the reason, and every acknowledged row is there afterwards', async () => {
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

    test('is reported at the start', async () => {
      fillBut(10 * MB);
      server = await launchServer({ DATA_DIR: disk.folder });
      expect(await server.exited).toEqual({ code: 1, signal: null });
      expect(server.printed).toContain(`The disk of ${disk.folder}/postgres has 10 MB free`);

      rmSync(join(disk.folder, 'postgres'), { recursive: true });
      await writeFile(join(disk.folder, 'more'), Buffer.alloc(20 * MB));
      server = await launchServer({ DATA_DIR: disk.folder });
      expect(await server.exited).toEqual({ code: 1, signal: null });
      expect(server.printed).toMatch(/MB free, .* needs 56 MB/);
    });
  },
);
