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

export type SchemaEngine = {
  /** SQL from what the database holds to what schema.prisma says; undefined when there is nothing to do. */
  pendingSql(): Promise<string | undefined>;
  /** What `prisma migrate deploy` does. Returns the names it applied; throws as it does. */
  applyMigrations(migrations: readonly Migration[]): Promise<string[]>;
};

/**
 * Prisma's own schema engine on a database, as WebAssembly: nothing is downloaded. Give it a pool of one connection
 * (its lock belongs to a connection) that nothing else uses; ending the pool stays with the caller.
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
 * The engine reads system catalogs, whose type "char" Prisma's adapter for node-postgres does not know and the engine
 * insists on. So such a column is passed through the adapter as text and named what it is afterwards.
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

/** The package's main file imports the .wasm as a module, which Node cannot do yet; so it is put together here. */
function loadEngine(): Promise<void> {
  return (loaded ??= (async () => {
    const require = createRequire(import.meta.url);
    const main = require.resolve('@prisma/schema-engine-wasm');
    const bytes = await readFile(main.replace('schema_engine.js', 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...glue } });
    const start = instance.exports['__wbindgen_start'];
    if (typeof start !== 'function')
      throw new Error('The schema engine is not what this script was written for');
    glue.__wbg_set_wasm(instance.exports);
    (start as () => void)();
  })());
}
