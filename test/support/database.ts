import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { giveBack, takeEngine } from './engine-pool.ts';
import { IN_MEMORY, overEngine } from '../../src/embedded/database.ts';
import { openDatabase, overPool, type Database, type DatabaseOptions } from '../../src/open-database.ts';
import { copyEmbeddedTemplate } from './embedded-template.ts';
import { createPostgresDatabase, dropPostgresDatabase } from './postgres-template.ts';
import { adminUrl, silent } from './template.ts';

/** The database this run of the tests is about. */
export const testedDatabase: Database['kind'] = adminUrl === undefined ? 'embedded' : 'postgres';

/** Of a test of statements at once. The embedded database has one session, where none overlap. */
export const ROUNDS = testedDatabase === 'embedded' ? 2 : 20;

/** A database nobody else uses. */
export type DatabasePlace = {
  /** For a process or an app that opens it by itself. */
  env: { DATABASE_URL: string; DATA_DIR?: string } | { DATA_DIR: string };
  /**
   * Opens it here, or another one that the options name. The embedded one can be open once only: close it before an app
   * gets `env`.
   */
  open: (options?: DatabaseOptions) => Promise<Database>;
  /** Closes what open() opened and removes the data. */
  drop: () => Promise<void>;
};

export type PostgresPlace = DatabasePlace & { env: { DATABASE_URL: string; DATA_DIR: string } };

/** The options of openDatabase for a place that an app would read from its environment. */
export function optionsOf(env: Partial<Record<'DATABASE_URL' | 'DATA_DIR', string>>): DatabaseOptions {
  return { databaseUrl: env.DATABASE_URL, dataDir: env.DATA_DIR ?? IN_MEMORY, log: silent };
}

/** With the tables in it; with `empty` without, so that the first open migrates it. */
export async function databasePlace({ empty = false } = {}): Promise<DatabasePlace> {
  return adminUrl === undefined ? embeddedPlace(empty) : postgresPlace(adminUrl, empty);
}

/** A database with the tables in it that only this process opens. */
export async function workerPlace(): Promise<DatabasePlace> {
  return adminUrl === undefined ? keptPlace() : postgresPlace(adminUrl, false);
}

/** A database with the tables in it, open. One per test file is plenty: an embedded one takes about 300 MB. */
export async function freshDatabase(): Promise<{ database: Database; drop: () => Promise<void> }> {
  const place = await workerPlace();
  try {
    return { database: await place.open(), drop: place.drop };
  } catch (error) {
    await place.drop();
    throw error;
  }
}

/** In PostgreSQL, whatever this run of the tests is about. */
export async function postgresPlace(admin: string, empty: boolean): Promise<PostgresPlace> {
  const { name, url } = await createPostgresDatabase(admin, empty);
  const opened: Database[] = [];
  // For files that are in no database.
  const dataDir = await mkdtemp(join(tmpdir(), 'likeness-'));
  const env = { DATABASE_URL: url, DATA_DIR: dataDir };
  return {
    env,
    open: (options = optionsOf(env)) => remembering(opened, openDatabase(options)),
    drop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await dropPostgresDatabase(admin, name);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The folder is for files that are in no database. */
async function keptPlace(): Promise<DatabasePlace> {
  const dataDir = await mkdtemp(join(tmpdir(), 'likeness-'));
  const kept = await takeEngine();
  const opened: Database[] = [];
  const env = { DATA_DIR: dataDir };
  const open = async (options: DatabaseOptions) => {
    if (options.databaseUrl !== undefined) return openDatabase(options);
    const engine = { ...kept.engine, close: () => Promise.resolve() };
    return overPool({ kind: 'embedded', ...overEngine(engine, undefined, options.log) });
  };
  return {
    env,
    open: (options = optionsOf(env)) => remembering(opened, open(options)),
    drop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await giveBack(kept);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function embeddedPlace(empty: boolean): Promise<DatabasePlace> {
  const dataDir = await copyEmbeddedTemplate({ empty });
  const opened: Database[] = [];
  const env = { DATA_DIR: dataDir };
  return {
    env,
    open: (options = optionsOf(env)) => remembering(opened, openDatabase(options)),
    drop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function remembering(opened: Database[], opening: Promise<Database>): Promise<Database> {
  const database = await opening;
  opened.push(database);
  return database;
}
