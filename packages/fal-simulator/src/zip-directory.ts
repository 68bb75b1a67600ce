import { constants, createInflateRaw } from 'node:zlib';

export type ZipEntry = {
  name: string;
  /** Unpacked size by the directory. */
  size: number;
  packed: number;
  method: number;
  /** Offset of the local header. */
  at: number;
};

const [END, ENTRY, LOCAL] = [0x06054b50, 0x02014b50, 0x04034b50];
const [END_BYTES, ENTRY_BYTES, LOCAL_BYTES] = [22, 46, 30];
const [STORED, DEFLATED] = [0, 8];
const LONGEST_COMMENT = 65_535;
const MOST_ENTRIES = 10_000;
const LARGEST_DIRECTORY_BYTES = 8 * 1024 * 1024;
/** Many deflated bytes may inflate to nothing: so many more than the wanted ones are read. */
const SPARE_DEFLATED_BYTES = 12 * 1024;
/** Of zlib, and of a packed photo. */
const [SMALLEST_CHUNK_BYTES, LARGEST_CHUNK_BYTES] = [64, 64 * 1024];

/**
 * The entries of an archive, without unpacking.
 * @throws when it is not a zip, or exceeds the limits on entries and names
 */
export function readDirectory(zip: Buffer): ZipEntry[] {
  const from = Math.max(0, zip.length - END_BYTES - LONGEST_COMMENT);
  const end = from + zip.subarray(from).lastIndexOf(signature(END));
  if (end < from || end + END_BYTES > zip.length) throw new Error('No directory');
  const [count, bytes] = [zip.readUInt16LE(end + 10), zip.readUInt32LE(end + 12)];
  if (count > MOST_ENTRIES || bytes > LARGEST_DIRECTORY_BYTES) throw new Error('Too many entries');
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  const stop = at + bytes;
  while (entries.length < count) {
    if (at + ENTRY_BYTES > stop || zip.readUInt32LE(at) !== ENTRY) throw new Error('No entry');
    const [name, extra, comment] = [at + 28, at + 30, at + 32].map((place) => zip.readUInt16LE(place));
    if (name === undefined || extra === undefined || comment === undefined) throw new Error('No lengths');
    entries.push({
      name: zip.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + name),
      size: zip.readUInt32LE(at + 24),
      packed: zip.readUInt32LE(at + 20),
      method: zip.readUInt16LE(at + 10),
      at: zip.readUInt32LE(at + 42),
    });
    at += ENTRY_BYTES + name + extra + comment;
  }
  return entries;
}

/**
 * At most `most` first bytes of an entry, at a cost that does not depend on its size.
 */
export async function firstBytes(zip: Buffer, entry: ZipEntry, most: number): Promise<Buffer> {
  if (zip.readUInt32LE(entry.at) !== LOCAL) throw new Error('No local header');
  const start = entry.at + LOCAL_BYTES + zip.readUInt16LE(entry.at + 26) + zip.readUInt16LE(entry.at + 28);
  const data = zip.subarray(start, start + entry.packed);
  if (entry.method === STORED) return data.subarray(0, most);
  if (entry.method !== DEFLATED) throw new Error(`Packed by method ${entry.method}`);
  // A truncated stream is not an error.
  const inflate = createInflateRaw({
    chunkSize: Math.min(Math.max(most, SMALLEST_CHUNK_BYTES), LARGEST_CHUNK_BYTES),
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  inflate.end(data.subarray(0, most + SPARE_DEFLATED_BYTES));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of inflate as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
