export type Upload = { name: string; contentType: string; begunAt: number; parts: Map<number, Buffer> };
export type Uploads = ReturnType<typeof createUploads>;

export type UploadLimits = {
  /** Of one upload, and of all together, what parts may hold in memory. */
  bytesOfOne: number;
  bytesOfAll: number;
  now: () => number;
};

const MOST_OPEN = 1_000;
/** Whoever has not finished by then is not coming back. */
const LIFETIME_MS = 3_600_000;

/** Uploads that were begun and not finished. What is begun and left ends by itself. */
export function createUploads({ bytesOfOne, bytesOfAll, now }: UploadLimits) {
  const open = new Map<string, Upload>();

  function forgetLeft(): void {
    for (const [id, { begunAt }] of open) {
      // The oldest come first.
      if (now() - begunAt < LIFETIME_MS) return;
      open.delete(id);
    }
  }

  return {
    /** False when too many are open. */
    begin(id: string, about: { name: string; contentType: string }): boolean {
      forgetLeft();
      if (open.size >= MOST_OPEN) return false;
      open.set(id, { ...about, begunAt: now(), parts: new Map() });
      return true;
    },
    find(id: string): Upload | null {
      forgetLeft();
      return open.get(id) ?? null;
    },
    /** False, and the part is not kept, when the upload or all of them would hold too much. */
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
