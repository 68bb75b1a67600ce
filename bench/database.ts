import pg from 'pg';
import { startPostgresCluster } from './postgres-cluster.ts';
import { openDatabase } from '../src/open-database.ts';
import { silent } from '../test/support/template.ts';

export const OWNERS = 200;
export const AVATARS = 10_000;
const GENERATIONS_PER_AVATAR = 8;

export type BenchDatabase = {
  readonly url: string;
  readonly sql: (text: string, values?: readonly unknown[]) => Promise<unknown[]>;
  /** A second one in the same PostgreSQL, with `scale` times the rows; it goes with this one. */
  readonly another: (scale: number) => Promise<BenchDatabase>;
  readonly remove: () => Promise<void>;
};

/**
 * A migrated and seeded database in a PostgreSQL server of its own, with fsync as in production. Without PostgreSQL's
 * programs the empty database that BENCH_DATABASE_URL names.
 * @throws when there is neither
 */
export async function openBenchDatabase(): Promise<BenchDatabase> {
  const given = process.env['BENCH_DATABASE_URL'];
  const cluster = given === undefined ? await startPostgresCluster() : null;
  const url = given ?? cluster?.url;
  if (url === undefined) {
    throw new Error('PostgreSQL is not installed: set BENCH_DATABASE_URL to an empty database');
  }
  return seeded(url, 1, async () => cluster?.remove());
}

async function seeded(url: string, scale: number, removePlace: () => Promise<void>): Promise<BenchDatabase> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const sql = async (text: string, values: readonly unknown[] = []) =>
    (await pool.query<Record<string, unknown>>(text, [...values])).rows;
  const others: BenchDatabase[] = [];
  const remove = async () => {
    await Promise.all(others.map((other) => other.remove()));
    await pool.end();
    await removePlace();
  };
  try {
    // Migrates it.
    await (await openDatabase({ databaseUrl: url, dataDir: '', log: silent })).close();
    await seed(sql, scale);
    const another = async (otherScale: number) => {
      const name = `bench_times_${otherScale}`;
      await sql(`CREATE DATABASE ${name}`);
      const otherUrl = new URL(url);
      otherUrl.pathname = `/${name}`;
      const other = await seeded(otherUrl.href, otherScale, () => Promise.resolve());
      others.push(other);
      return other;
    };
    return { url, sql, another, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

export function avatarId(number: number): string {
  return `avt_${number.toString(16).padStart(32, '0')}`;
}

/** @param scale of the database */
export function ownerOfAvatar(number: number, scale = 1): string {
  return `owner-${number % (OWNERS * scale)}`;
}

async function seed(sql: BenchDatabase['sql'], scale: number): Promise<void> {
  await sql(
    `INSERT INTO avatars (id, owner_id, name, training_type, status, trigger_phrase, artifact_trainer,
       diffusers_lora_file_url, fal_request_id, version, updated_at)
     SELECT 'avt_' || lpad(to_hex(n), 32, '0'), 'owner-' || n % $2::int, 'Avatar ' || n, 'PORTRAIT', 'COMPLETED', 'lkbench',
       'FLUX_LORA_PORTRAIT', 'https://files.example/' || n || '.safetensors', 'run-' || n, 3, now()
     FROM generate_series(0, $1::int - 1) n`,
    [AVATARS * scale, OWNERS * scale],
  );
  await sql(
    `INSERT INTO generations (id, owner_id, avatar_id, status, prompt, num_images, images, version, updated_at)
     SELECT 'gen_' || lpad(to_hex(n), 32, '0'), 'owner-' || (n % $1::int) % $3::int, 'avt_' || lpad(to_hex(n % $1::int), 32, '0'),
       'COMPLETED', 'a portrait at dawn, number ' || n, 1,
       '[{"url":"https://files.example/a.jpg","width":1024,"height":768,"contentType":"image/jpeg","flagged":false}]', 3, now()
     FROM generate_series(0, $1::int * $2::int - 1) n`,
    [AVATARS * scale, GENERATIONS_PER_AVATAR, OWNERS * scale],
  );
  // Otherwise the first reader of each page writes it.
  await sql('VACUUM (ANALYZE)');
}
