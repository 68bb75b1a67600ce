import { createReadStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import * as z from 'zod';
import { BATCH, type Contents } from './copy-rows.ts';
import { ChecksumSum } from './table-checksum.ts';
import { sequenceSchema, tableSchema, type Table } from './tables.ts';

/**
 * A backup: gzipped lines of JSON. First the head, then the rows of each table in the head's order, each row as one text
 * (PostgreSQL's text of a whole row), then the number of rows. It depends on no version of PostgreSQL.
 */
const headSchema = z.object({
  likeness: z.literal('backup'),
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  tables: z.array(tableSchema.extend({ rows: z.number().int(), checksum: z.string() })),
  sequences: z.array(sequenceSchema),
});
export type BackupHead = z.infer<typeof headSchema>;

type RowsOf = (table: Table) => AsyncIterable<readonly string[]>;

/** Writes a file that must not exist yet, readable for its owner only, and waits until it is on the disk. */
export async function writeBackup(
  file: string,
  contents: Contents,
  rowsOf: RowsOf,
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await pipeline(
      Readable.from(linesOf(contents, rowsOf)),
      createGzip(),
      (chunks: AsyncIterable<Buffer>) => writeFile(handle, chunks),
      { signal },
    );
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* linesOf(contents: Contents, rowsOf: RowsOf): AsyncGenerator<string> {
  yield line({ likeness: 'backup', format: 1, madeAt: new Date().toISOString(), ...contents });
  let rows = 0;
  for (const table of contents.tables) {
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

/**
 * Reads a whole backup and compares each table's rows with the head.
 *
 * @param take is given all rows in batches, table by table
 * @throws when the file is not a backup, or not a whole one
 */
export async function readBackup(
  file: string,
  take: (table: Table, rows: readonly string[]) => Promise<void> | void = () => undefined,
): Promise<BackupHead> {
  const notWhole = (why: string) => new Error(`${file} is not a complete backup: ${why}`);
  const lines = readLines(file);
  const next = async (): Promise<unknown> => {
    try {
      const { value } = await lines.next();
      return value === undefined ? undefined : JSON.parse(value);
    } catch (error) {
      // A fault of the file system, not of the contents.
      if (error instanceof Error && 'syscall' in error) throw error;
      throw notWhole(error instanceof Error ? error.message : String(error));
    }
  };

  const { data: head } = headSchema.safeParse(await next());
  if (head === undefined) throw notWhole('it does not start with the header of a backup of this version');
  let total = 0;
  for (const table of head.tables) {
    const sum = new ChecksumSum();
    let [batch, characters]: [string[], number] = [[], 0];
    for (let n = 0; n < table.rows; n++) {
      const row = await next();
      if (typeof row !== 'string')
        throw notWhole(`it has ${n} rows of ${table.name} instead of ${table.rows}`);
      sum.add(row);
      batch.push(row);
      characters += row.length;
      if (batch.length < BATCH.rows && characters < BATCH.bytes && n < table.rows - 1) continue;
      await take(table, batch);
      [batch, characters] = [[], 0];
    }
    if (sum.digest().checksum !== table.checksum) throw notWhole(`the rows of ${table.name} were altered`);
    total += table.rows;
  }
  if (!z.object({ end: z.literal(total) }).safeParse(await next()).success) throw notWhole('it has no end');
  return head;
}

/** Node's readline also ends lines at characters that may stand in a row, such as U+2028. */
async function* readLines(file: string): AsyncGenerator<string, void, void> {
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
