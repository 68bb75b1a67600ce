import { createHash } from 'node:crypto';
import type pg from 'pg';
import { quoted } from './introspection.ts';

/**
 * How many rows a table has and what is in them. The checksum does not depend on the rows' order, since databases sort
 * texts differently: it is made of the sums of the two halves of each row's MD5. It finds what got lost, doubled or
 * changed on the way; it is no protection against somebody who wants to deceive.
 */
export type TableChecksum = { readonly rows: number; readonly checksum: string };

/** 15 hex digits are 60 bits, which fit a bigint with its sign. */
const HALF = 15;

/** Adds rows up as `readDigest` has the database do it. */
export class ChecksumSum {
  #rows = 0;
  #first = 0n;
  #second = 0n;

  add(row: string): void {
    const hash = createHash('md5').update(row).digest('hex');
    this.#rows += 1;
    this.#first += BigInt(`0x${hash.slice(0, HALF)}`);
    this.#second += BigInt(`0x${hash.slice(HALF, 2 * HALF)}`);
  }

  digest(): TableChecksum {
    return { rows: this.#rows, checksum: checksumOf(this.#first, this.#second) };
  }
}

/** In a transaction after `fixTexts`. `widest` is the longest row's text in bytes. */
export async function readChecksum(
  client: pg.ClientBase,
  table: string,
): Promise<TableChecksum & { widest: number }> {
  const half = (from: number) =>
    `coalesce(sum(('x' || substr(hash, ${from}, ${HALF}))::bit(${4 * HALF})::bigint), 0)::text`;
  // OFFSET 0 keeps the planner from writing a row's text out anew wherever it is used.
  const { rows } = await client.query<{ rows: string; widest: number; first: string; second: string }>(
    `SELECT count(*)::text AS rows, coalesce(max(bytes), 0) AS widest, ${half(1)} AS first, ${half(HALF + 1)} AS second
       FROM (SELECT md5(line) AS hash, octet_length(line) AS bytes
               FROM (SELECT whole_row::text AS line FROM ${quoted(table)} AS whole_row OFFSET 0) AS lines
             OFFSET 0) AS hashes`,
  );
  const [sums] = rows;
  if (sums === undefined) throw new Error(`No digest of ${table}`);
  return {
    rows: Number(sums.rows),
    checksum: checksumOf(BigInt(sums.first), BigInt(sums.second)),
    widest: sums.widest,
  };
}

function checksumOf(first: bigint, second: bigint): string {
  return createHash('md5').update(`${first}/${second}`).digest('hex');
}
