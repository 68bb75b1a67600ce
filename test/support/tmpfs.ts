import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Disk = { readonly folder: string; readonly unmount: () => void };

/** A disk of one's own, in memory. */
export function mountDisk(megabytes: number, options = ''): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m${options}`, 'tmpfs', folder]);
  return {
    folder,
    unmount: () => {
      execFileSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Why a disk cannot be mounted here; undefined where it can. */
export const noDisks: string | undefined = (() => {
  try {
    mountDisk(1).unmount();
    return undefined;
  } catch (error) {
    return `no disk can be mounted here (${String(error).split('\n')[0] ?? ''})`;
  }
})();
