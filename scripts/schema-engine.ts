import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationList, SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg';
import type pg from 'pg';
import type { Migration } from '../src/db/migrations/migration-files.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCHEMA = 'prisma/schema.prisma';
const NO_FILTER: SchemaFilter = { externalTables: [], externalEnums: [] };

type SchemaEngine = {
  /** SQL that brings the database to schema.prisma; undefined when they agree. */
  pendingSql(): Promise<string | undefined>;
  /** Like `prisma migrate deploy`. Returns the names of the applied migrations. */
  applyMigrations(migrations: readonly Migration[]): Promise<string[]>;
};

/**
 * Prisma's own schema engine as WebAssembly: nothing is downloaded. Takes a pool of one connection (its lock belongs to
 * a connection) that nothing else uses; the caller ends the pool.
 */
export async function openSchemaEngine(pool: pg.Pool): Promise<SchemaEngine> {
  await loadEngine();
  const content = await readFile(join(ROOT, SCHEMA), 'utf8');
  const adapter = bindMigrationAwareSqlAdapterFactory(new CatalogReadingPg(pool));
  const engine = await glue.SchemaEngine.new({ datamodels: [[SCHEMA, content]] }, () => undefined, adapter);
  const files = [{ path: SCHEMA, content }];

  return {
    pendingSql: async () => {
      const { exitCode, stdout } = await engine.diff({
        from: { tag: 'schemaDatasource', files, configDir: ROOT },
        to: { tag: 'schemaDatamodel', files },
        script: true,
        exitCode: true,
        filters: NO_FILTER,
      });
      return exitCode === 0 ? undefined : (stdout ?? '');
    },
    applyMigrations: async (migrations) => {
      const output = await engine.applyMigrations({
        migrationsList: migrationList(migrations),
        filters: NO_FILTER,
      });
      return output.appliedMigrationNames;
    },
  };
}

function migrationList(migrations: readonly Migration[]): MigrationList {
  return {
    baseDir: join(ROOT, 'prisma', 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}

/** The number of the one-byte type "char", and of text. */
const [CHAR, TEXT] = [18, 25];

/**
 * The engine reads system catalogs and requires their type "char", which Prisma's adapter for node-postgres does not
 * know. Such a column passes the adapter as text and gets its type back afterwards.
 */
class CatalogReadingPg extends PrismaPg {
  readonly #charColumns: WeakMap<object, number[]>;

  constructor(pool: pg.Pool) {
    const charColumns = new WeakMap<object, number[]>();
    const query = pool.query.bind(pool) as (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>;
    Object.assign(pool, {
      query: async (config: pg.QueryArrayConfig) => {
        const result = await query(config);
        charColumns.set(
          result.rows,
          result.fields.flatMap((field, index) => (field.dataTypeID === CHAR ? [index] : [])),
        );
        for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
        return result;
      },
    });
    super(pool);
    this.#charColumns = charColumns;
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const index of this.#charColumns.get(result.rows) ?? []) {
        result.columnTypes[index] = ColumnTypeEnum.Character;
      }
      return result;
    };
    return adapter;
  }
}

let loaded: Promise<void> | undefined;

/** The package's main file imports the .wasm as a module, which Node cannot do yet. */
function loadEngine(): Promise<void> {
  return (loaded ??= (async () => {
    const require = createRequire(import.meta.url);
    const main = require.resolve('@prisma/schema-engine-wasm');
    const bytes = await readFile(main.replace('schema_engine.js', 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...glue } });
    const start = instance.exports['__wbindgen_start'];
    if (typeof start !== 'function')
      throw new Error('this version of the schema engine is not supported by scripts/schema-engine.ts');
    glue.__wbg_set_wasm(instance.exports);
    (start as () => void)();
  })());
}
