export type Upload = { name: string; contentType: string; begunAt: number; parts: Map<number, Buffer> };
export type UploadLimits = {
  /** Limits of parts in memory, per upload and in total. */
  bytesOfOne: number;
  bytesOfAll: number;
  now: () => number;
};

const MOST_OPEN = 1_000;
const LIFETIME_MS = 3_600_000;

/** Open uploads; abandoned ones expire. */
export function createUploads({ bytesOfOne, bytesOfAll, now }: UploadLimits) {
  const open = new Map<string, Upload>();

  function expire(): void {
    for (const [id, { begunAt }] of open) {
      if (now() - begunAt < LIFETIME_MS) return;
      open.delete(id);
    }
  }

  return {
    /** False when too many are open. */
    begin(id: string, about: { name: string; contentType: string }): boolean {
      expire();
      if (open.size >= MOST_OPEN) return false;
      open.set(id, { ...about, begunAt: now(), parts: new Map() });
      return true;
    },
    find(id: string): Upload | null {
      expire();
      return open.get(id) ?? null;
    },
    /** False: a limit is reached and the part is not stored. */
    keep(upload: Upload, part: number, bytes: Buffer): boolean {
      const replaced = upload.parts.get(part)?.length ?? 0;
      const all = [...open.values()].reduce((sum, one) => sum + held(one), bytes.length - replaced);
      if (held(upload) + bytes.length - replaced > bytesOfOne || all > bytesOfAll) return false;
      upload.parts.set(part, bytes);
      return true;
    },
    end: (id: string) => void open.delete(id),
  };
}

function held(upload: Upload): number {
  let bytes = 0;
  for (const part of upload.parts.values()) bytes += part.length;
  return bytes;
}
