import { createHash } from 'node:crypto';
import type pg from 'pg';
import { quoted } from './tables.ts';

/**
 * The number of a table's rows and a checksum of their contents. The checksum does not depend on the rows' order, since
 * databases sort texts differently: it combines the sums of the two halves of each row's MD5. It detects lost, doubled
 * and altered rows; it does not protect against forgery.
 */
export type TableChecksum = { readonly rows: number; readonly checksum: string };

/** 15 hex digits are 60 bits, which fit a bigint with its sign. */
const HALF = 15;

/** Computes in this process what `readChecksum` has the database compute. */
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

/** Within a transaction after `fixTexts`. */
export async function readChecksum(client: pg.ClientBase, table: string): Promise<TableChecksum> {
  const half = (from: number) =>
    `coalesce(sum(('x' || substr(hash, ${from}, ${HALF}))::bit(${4 * HALF})::bigint), 0)::text`;
  const { rows } = await client.query<{ rows: string; first: string; second: string }>(
    `SELECT count(*)::text AS rows, ${half(1)} AS first, ${half(HALF + 1)} AS second
       FROM (SELECT md5(whole_row::text) AS hash FROM ${quoted(table)} AS whole_row) AS hashes`,
  );
  const [sums] = rows;
  if (sums === undefined) throw new Error(`No checksum of ${table}`);
  return { rows: Number(sums.rows), checksum: checksumOf(BigInt(sums.first), BigInt(sums.second)) };
}

function checksumOf(first: bigint, second: bigint): string {
  return createHash('md5').update(`${first}/${second}`).digest('hex');
}
