import { isLoopback, ownPath } from './addresses.ts';
import type { FileStore } from './file-store.ts';
import { likenessOf, type Likeness } from './likeness.ts';
import type { Detail } from './outcomes.ts';
import { AnswerTooLarge, sendOnce } from './outgoing.ts';
import { personOn } from './photographed.ts';
import { samplePhotos } from './sample-photos.ts';
import { shortened } from './shortened.ts';
import { firstBytes, readDirectory, type ZipEntry } from './zip-directory.ts';

const FETCH_TIMEOUT_MS = 10_000;
const LARGEST_ENTRY_BYTES = 64 * 1024 * 1024;
/** Later entries are images by their names alone. */
const MOST_LOOKED_INTO = 40;
const HEAD_BYTES = 4096;
/** Enough to find the person: decoding takes time and memory. */
const MOST_DECODED = 12;
const LARGEST_DECODED_BYTES = 4 * 1024 * 1024;
/** Hashing a whole large archive would block the event loop. */
const MOST_HASHED_BYTES = 4 * 1024 * 1024;
const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp'];

export type ArchiveParts = {
  files: FileStore;
  base: string;
  maxFileBytes: number;
  opensLoopback: boolean;
  signal: AbortSignal;
};
export type Archive = { images: number; captions: number; likeness: Likeness };
/** `elsewhere`: on a host from which the simulator does not fetch. */
export type Opened =
  { kind: 'archive'; archive: Archive } | { kind: 'elsewhere' } | { kind: 'refused'; detail: Detail };

export async function openArchive(
  url: string,
  field: string,
  minImages: number,
  parts: ArchiveParts,
): Promise<Opened> {
  const refuse = (msg: string, type: string, ctx?: Record<string, unknown>): Opened => {
    return {
      kind: 'refused',
      detail: { loc: ['body', field], msg, type, input: shortened(url), ...(ctx && { ctx }) },
    };
  };
  const cannotLoad = 'Failed to download the file. Please check if the URL is accessible and try again.';
  const tooLarge = refuse('File is too large', 'file_too_large', { max_size: parts.maxFileBytes });
  let bytes: Uint8Array | null;
  try {
    bytes = await readArchive(url, parts);
  } catch (error) {
    return error instanceof AnswerTooLarge ? tooLarge : refuse(cannotLoad, 'file_download_error');
  }
  if (bytes === null) return { kind: 'elsewhere' };
  if (bytes.length > parts.maxFileBytes) return tooLarge;
  const archive = await lookInside(bytes);
  if (!archive) {
    return refuse('The archive cannot be read', 'invalid_archive', { supported_extensions: ['.zip'] });
  }
  if (archive.images < minImages) {
    const ctx = { min_count: minImages, provided_count: archive.images, supported_extensions: EXTENSIONS };
    const msg = `The archive must contain at least ${minImages} images, got ${archive.images}`;
    return refuse(msg, 'archive_file_count_below_minimum', ctx);
  }
  return { kind: 'archive', archive };
}

/** Null for a host from which the simulator does not fetch. Throws when the fetch fails. */
async function readArchive(url: string, parts: ArchiveParts): Promise<Uint8Array | null> {
  const inline = /^data:[^,]{0,200};base64,/.exec(url);
  if (inline) return Buffer.from(url.slice(inline[0].length), 'base64');
  const own = ownPath(url, parts.base);
  if (own) {
    if (own.join('/') === 'samples/photos.zip') return samplePhotos();
    const file = own[0] === 'files' ? parts.files.find(own[1]) : null;
    if (!file) throw new Error('No such file here');
    return parts.files.read(file);
  }
  const target = new URL(url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') throw new Error('Not a web address');
  if (!parts.opensLoopback || !isLoopback(target.hostname)) return null;
  const { maxFileBytes: limit, signal } = parts;
  const answer = await sendOnce(url, { method: 'GET', timeoutMs: FETCH_TIMEOUT_MS, limit, signal });
  if (answer.status !== 200) throw new Error(`Answered ${answer.status}`);
  return answer.body;
}

/** Counts images by their first bytes, and unpacks a few small ones. Null for an unreadable zip. */
export async function lookInside(archive: Uint8Array): Promise<Archive | null> {
  const zip = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  try {
    const visible = readDirectory(zip).filter(
      ({ name }) => !/(^|\/)(__MACOSX\/|\.)/.test(name) && !name.endsWith('/'),
    );
    let images = 0;
    const photos: Buffer[] = [];
    for (const [index, entry] of visible.filter(isNamedImage).entries()) {
      const head = index < MOST_LOOKED_INTO ? await firstBytes(zip, entry, HEAD_BYTES) : null;
      if (head && !isImage(head)) continue;
      images += 1;
      if (head && entry.size <= LARGEST_DECODED_BYTES && photos.length < MOST_DECODED)
        photos.push(await firstBytes(zip, entry, entry.size));
    }
    const likeness = await personOn(photos);
    const captions = visible.filter(({ name }) => name.endsWith('.txt')).length;
    return { images, captions, likeness: likeness ?? likenessOf(zip.subarray(0, MOST_HASHED_BYTES)) };
  } catch {
    return null;
  }
}

function isNamedImage({ name, size }: ZipEntry): boolean {
  const hasImageName =
    EXTENSIONS.some((end) => name.toLowerCase().endsWith(end)) && !/_mask\.\w+$/.test(name);
  return hasImageName && size > 0 && size <= LARGEST_ENTRY_BYTES;
}

function isImage(head: Buffer): boolean {
  const start = head.toString('latin1', 0, 12);
  const webp = start.startsWith('RIFF') && start.slice(8) === 'WEBP';
  return start.startsWith('\xff\xd8\xff') || start.startsWith('\x89PNG\r\n\x1a\n') || webp;
}
