import { createReadStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { sequenceSchema, tableSchema } from '../db/introspection.ts';
import { ChecksumSum } from '../db/table-checksum.ts';

/**
 * A backup: gzipped lines of JSON. First the head, then for each of its tables in that order each row as one text (as
 * PostgreSQL writes a whole row), and the number of rows as the end. It names no version of PostgreSQL, so what one
 * made another can take.
 */
const headSchema = z.object({
  likeness: z.literal('backup'),
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  /** Those that made the tables: the rows fit these and no others. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  tables: z.array(tableSchema.extend({ rows: z.number().int(), checksum: z.string() })),
  sequences: z.array(sequenceSchema),
});
export type BackupHead = z.infer<typeof headSchema>;
export type TableInBackup = BackupHead['tables'][number];

/** The file is no backup, or not a whole one. */
export class BackupFileError extends Error {
  override name = 'BackupFileError';

  constructor(file: string, why: string) {
    super(`${file} is not a whole backup: ${why}`);
  }
}

/**
 * Writes a file that must not be there yet, readable for its owner only, and waits until the disk has it. What is
 * there when it throws is not whole and is the caller's to remove.
 */
export async function writeBackup(
  file: string,
  head: BackupHead,
  rowsOf: (table: TableInBackup) => AsyncIterable<readonly string[]>,
  gone: AbortSignal,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await pipeline(
      Readable.from(textOf(head, rowsOf)),
      createGzip(),
      (chunks: AsyncIterable<Buffer>) => writeFile(handle, chunks),
      { signal: gone },
    );
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* textOf(
  head: BackupHead,
  rowsOf: (table: TableInBackup) => AsyncIterable<readonly string[]>,
): AsyncGenerator<string> {
  yield line(head);
  let rows = 0;
  for (const table of head.tables) {
    for await (const batch of rowsOf(table)) {
      yield batch.map(line).join('');
      rows += batch.length;
    }
  }
  yield line({ end: rows });
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Reads a backup's head alone. Throws BackupFileError. */
export async function readHead(file: string): Promise<BackupHead> {
  const lines = linesOf(file);
  try {
    return await headFrom(file, lines);
  } finally {
    await lines.return();
  }
}

/**
 * Reads a whole backup and compares each table's rows with what its head says of them. Throws BackupFileError.
 *
 * @param take is given each row in turn
 */
export async function readBackup(
  file: string,
  take: (table: TableInBackup, row: string) => Promise<void> | void = () => undefined,
): Promise<BackupHead> {
  const lines = linesOf(file);
  const head = await headFrom(file, lines);
  let total = 0;
  for (const table of head.tables) {
    const sum = new ChecksumSum();
    for (let n = 0; n < table.rows; n++) {
      const row = z.string().safeParse(await nextLine(file, lines));
      if (!row.success) throw new BackupFileError(file, `of ${table.name} it has ${n} rows of ${table.rows}`);
      sum.add(row.data);
      await take(table, row.data);
    }
    if (sum.digest().checksum !== table.checksum) {
      throw new BackupFileError(file, `what it has of ${table.name} is not what was written`);
    }
    total += table.rows;
  }
  if (!z.object({ end: z.literal(total) }).safeParse(await nextLine(file, lines)).success) {
    throw new BackupFileError(file, 'it has no end');
  }
  return head;
}

async function headFrom(file: string, lines: Lines): Promise<BackupHead> {
  const head = headSchema.safeParse(await nextLine(file, lines));
  if (!head.success) throw new BackupFileError(file, 'it does not begin as one of this version does');
  return head.data;
}

type Lines = AsyncGenerator<string, void, void>;

async function nextLine(file: string, lines: Lines): Promise<unknown> {
  try {
    const { value } = await lines.next();
    return value === undefined ? undefined : JSON.parse(value);
  } catch (error) {
    // Not there, not readable: that is about the file and not about what is in it.
    if (error instanceof Error && 'syscall' in error) throw error;
    throw new BackupFileError(file, error instanceof Error ? error.message : String(error));
  }
}

/** Node's readline takes other characters than the line feed for ends of lines, and those may stand in a row. */
async function* linesOf(file: string): Lines {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.on('error', (error) => unzipped.destroy(error));
  source.pipe(unzipped);
  try {
    let rest: Buffer[] = [];
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
        rest = [];
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
    }
  } finally {
    source.destroy();
  }
}
