import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { startServer } from '../support/server.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const MB = 1024 * 1024;

type Group = { readonly procs: string; readonly remove: () => Promise<void> };

/** In version 1 of cgroups memory has a separate tree. */
const V1 = '/sys/fs/cgroup/memory';

/** A cgroup with a memory limit. Root only. */
function memoryGroup(megabytes: number): Group {
  const isV1 = existsSync(V1);
  const folder = join(isV1 ? V1 : '/sys/fs/cgroup', `likeness-${randomUUID()}`);
  mkdirSync(folder);
  const limit = join(folder, isV1 ? 'memory.limit_in_bytes' : 'memory.max');
  try {
    if (!existsSync(limit)) throw new Error(`there is no ${limit}`);
    writeFileSync(limit, String(megabytes * MB));
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return {
    procs: join(folder, 'cgroup.procs'),
    remove: () =>
      eventually('the group to be empty', () => {
        try {
          rmdirSync(folder);
          return true;
        } catch {
          return null;
        }
      }).then(() => undefined),
  };
}

const noGroups: string | undefined = await (async () => {
  try {
    await memoryGroup(64).remove();
    return undefined;
  } catch (error) {
    return `memory cannot be limited here (${String(error).split('\n')[0] ?? ''})`;
  }
})();

let dataDir: string;
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function runLimited(megabytes: number): Promise<{ code: unknown; signal: unknown; said: string }> {
  const group = memoryGroup(megabytes);
  const { PATH, HOME, TMPDIR } = process.env;
  const script = `echo $$ > '${group.procs}' && exec "$0" "$1"`;
  const child = spawn('sh', ['-c', script, process.execPath, MAIN], {
    env: { PATH, HOME, TMPDIR, DATA_DIR: dataDir, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const [code, signal] = (await once(child, 'close')) as [unknown, unknown];
  await group.remove();
  return { code, signal, said };
}

describe.skipIf(noGroups !== undefined)(
  `too little memory${noGroups === undefined ? '' : ` (skipped: ${noGroups})`}`,
  () => {
    test('for a first start ends it with a clear line, and leaves nothing unfinished', async () => {
      dataDir = mkdtempSync(join(tmpdir(), 'likeness-memory-'));
      const { code, said } = await runLimited(300);
      expect(code).toBe(1);
      expect(said).toContain('creating the embedded database takes 900 MB, the limit is 300 MB');
      expect(said).toContain('probably because of too little memory');
    });

    test('to open it is logged before the system kills the process', async () => {
      dataDir = await copyEmbeddedTemplate();
      const { signal, said } = await runLimited(100);
      expect(signal).toBe('SIGKILL');
      expect(said).toContain('a server with the embedded database takes 256 MB, the limit is 100 MB');
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'a server that creates its database keeps no more memory than one that opens it (Linux: /proc)',
  async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'likeness-memory-'));
    const server = await startServer({ DATA_DIR: dataDir });
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? [];
    await server.kill();
    expect(Number(kilobytes) / 1024).toBeLessThan(360); // 230; with the creation in it, 860
    expect(Number(kilobytes) / 1024).toBeGreaterThan(100);
  },
);
