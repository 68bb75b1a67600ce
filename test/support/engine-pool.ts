import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyEmbeddedTemplate } from './embedded-template.ts';
import { databaseFolder } from '../../src/embedded/data-folder.ts';
import { openFolder } from '../../src/embedded/database.ts';
import type { Engine } from '../../src/embedded/engine.ts';
import { scratchFolder } from './template.ts';

/** An embedded database of this worker, with the tables and no rows. */
type KeptEngine = { readonly engine: Engine; readonly folder: string; readonly schema: string };

/** One is enough: few tests use several databases at once, and each takes memory. */
const MAX_IDLE = 1;
/** Of all tables. Above it a database takes longer to read than a new one to open. */
const MAX_BYTES = 16e6;
const PREFIX = 'kept-';

const idle: KeptEngine[] = [];

/**
 * A database that an earlier test of this worker has used and left empty, or a new one: opening one takes half a second
 * of CPU.
 */
export async function takeEngine(): Promise<KeptEngine> {
  return idle.pop() ?? openEngine();
}

/** Takes an engine back that nobody uses any more. One with other tables than it had is closed. */
export async function giveBack(kept: KeptEngine): Promise<void> {
  if (idle.length < MAX_IDLE && kept.engine.stopped() === undefined && (await isEmptied(kept))) {
    idle.push(kept);
    return;
  }
  await kept.engine.close();
  await rm(kept.folder, { recursive: true, force: true });
}

/** Removes what the workers of this run have kept to their end. */
export async function removeKeptEngines(run: number): Promise<void> {
  const names = (await readdir(scratchFolder)).filter((name) => name.startsWith(`${PREFIX}${run}-`));
  for (const name of names) await rm(join(scratchFolder, name), { recursive: true, force: true });
}

async function openEngine(): Promise<KeptEngine> {
  const folder = await copyEmbeddedTemplate({ prefix: `${PREFIX}${process.ppid}-` });
  const engine = await openFolder(databaseFolder(folder));
  return { engine, folder, schema: await schemaOf(engine) };
}

async function isEmptied({ engine, schema }: KeptEngine): Promise<boolean> {
  await engine.db.exec('ROLLBACK');
  await engine.db.exec('DISCARD ALL');
  if ((await schemaOf(engine)) !== schema) return false;
  await engine.db.exec(EMPTY);
  const { rows } = await engine.db.query<{ size: number }>(
    `SELECT sum(pg_relation_size(oid))::int AS size FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  return (rows[0]?.size ?? Infinity) < MAX_BYTES;
}

/** Another text after every change of tables, columns, constraints, triggers or functions. */
async function schemaOf({ db }: Engine): Promise<string> {
  const { rows } = await db.query<{ schema: string }>(`
    SELECT string_agg(part, ' ' ORDER BY part) AS schema FROM (
      SELECT concat('class ', oid, ' ', xmin) AS part FROM pg_class WHERE relnamespace = 'public'::regnamespace
      UNION ALL SELECT concat('constraint ', oid, ' ', xmin) FROM pg_constraint
      UNION ALL SELECT concat('trigger ', oid, ' ', xmin) FROM pg_trigger
      UNION ALL SELECT concat('function ', oid, ' ', xmin) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT concat('namespace ', oid) FROM pg_namespace
      UNION ALL SELECT concat('role ', oid) FROM pg_roles
    ) AS parts`);
  return rows[0]?.schema ?? '';
}

/** Of all tables but that of the migrations, in any order; sequences begin again. */
const EMPTY = `
  BEGIN;
  SET LOCAL session_replication_role = replica;
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' LOOP
      EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
      PERFORM setval(format('public.%I', name)::regclass, 1, false);
    END LOOP;
  END $$;
  COMMIT`;
