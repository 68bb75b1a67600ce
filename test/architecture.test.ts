import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('..', import.meta.url);

/** What a room of the source may import of the others; npm packages follow below. ARCHITECTURE.md says what each is for. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['app', 'cli', 'config', 'log', 'values'],
  app: [
    'async',
    'config',
    'db',
    'http',
    'jobs',
    'live',
    'log',
    'open-database',
    'open-fal',
    'open-http',
    'open-jobs',
    'open-photos',
    'values',
  ],
  'open-jobs': [
    'async',
    'config',
    'db',
    'fal',
    'http',
    'links',
    'live',
    'log',
    'open-database',
    'open-photos',
    'open-result-files',
  ],
  'open-http': ['async', 'auth', 'db', 'fal', 'graphql', 'http', 'log', 'open-jobs', 'storage'],
  'open-fal': ['config'],
  'open-photos': ['async', 'log', 'photos', 'storage'],
  'open-result-files': [
    ...['config', 'db', 'graphql', 'http', 'jobs', 'links', 'log', 'open-database', 'storage', 'values'],
  ],
  'open-database': ['async', 'db', 'embedded', 'generated', 'log'],
  http: ['async', 'auth', 'config', 'domain', 'fal', 'graphql', 'jobs', 'log', 'storage', 'values'],
  graphql: ['async', 'auth', 'catalog', 'domain', 'generated', 'jobs', 'live', 'values'],
  auth: ['config', 'jwks', 'log', 'values'],
  fal: ['async', 'domain', 'jobs', 'jwks', 'log', 'values'],
  links: ['async', 'catalog', 'jobs', 'values'],
  live: ['async', 'jobs', 'log', 'values'],
  db: ['async', 'catalog', 'domain', 'fal', 'generated', 'graphql', 'jobs', 'live', 'log', 'values'],
  embedded: ['async', 'db', 'log', 'values'],
  cli: ['config', 'embedded'],
  backup: ['cli', 'db', 'embedded', 'log', 'values'],
  jobs: ['async', 'catalog', 'domain', 'log', 'storage', 'values'],
  photos: ['async', 'domain', 'jobs', 'log', 'storage', 'values'],
  operator: [
    'async',
    'catalog',
    'cli',
    'config',
    'db',
    'embedded',
    'fal',
    'jobs',
    'links',
    'open-database',
    'storage',
    'values',
  ],
  domain: ['catalog', 'values'],
  catalog: ['values'],
  config: ['catalog', 'domain', 'log', 'values'],
  log: [],
  storage: ['async', 'values'],
  async: ['log'],
  jwks: ['async', 'values'],
  values: [],
  generated: [],
  // fal's look-alike shares no belief with what it is there to test.
  'fal-simulator': [],
  // The published client knows the API by its documents only.
  client: [],
  // The page is a client like any other: it has the public API only.
  studio: [],
};

type Import = { readonly from: string; readonly to: string };

/** Every file of a folder and the folders in it, as paths from the root; what is generated is nobody's to order. */
function filesUnder(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      posix.join(folder, posix.relative(pathOf(folder), slashed(parentPath)), name),
    )
    .filter((file) => !file.includes('src/generated/'))
    .sort();
}

function pathOf(folder: string): string {
  return slashed(fileURLToPath(new URL(folder, ROOT)));
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8');
}

/** Every import and re-export of a file, types included, relative ones as paths from the root. */
function importsOf(file: string): Import[] {
  const found = read(file).matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g);
  return [...found].map(([, to = '']) => ({
    from: file,
    to: to.startsWith('.') ? posix.join(posix.dirname(file), to) : to,
  }));
}

/** `src/jobs/submit.ts` is in the room jobs, `src/app.ts` is app. */
function partOf(file: string): string {
  return /^(?:src|packages)\/(\w[\w-]*)/.exec(file)?.[1] ?? file;
}

function show({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

const PACKAGES = ['packages/fal-simulator', 'packages/client', 'packages/studio'];
const SOURCES = ['src', ...PACKAGES.map((path) => `${path}/src`)]
  .flatMap(filesUnder)
  .filter((file) => /\.m?[jt]sx?$/.test(file));
const IMPORTS = SOURCES.flatMap(importsOf);

const isOurs = (file: string) => /^(?:src|packages)\//.test(file);

describe('an import goes', () => {
  test('from every room only to those it may know', () => {
    const wrong = IMPORTS.filter(({ from, to }) => {
      const [part, other] = [partOf(from), partOf(to)];
      return isOurs(to) && part !== other && MAY_IMPORT[part]?.includes(other) !== true;
    });
    expect(wrong.map(show)).toEqual([]);
  });

  test('nowhere out of the source', () => {
    expect(IMPORTS.filter(({ to }) => /^(\.|test\/|scripts\/|demo\/)/.test(to)).map(show)).toEqual([]);
  });

  test('along every arrow: none is left of an import that is gone', () => {
    const isUsed = (from: string, to: string) =>
      IMPORTS.some((found) => partOf(found.from) === from && partOf(found.to) === to);
    const unused = Object.entries(MAY_IMPORT).flatMap(([from, rooms]) =>
      rooms.filter((to) => !isUsed(from, to)).map((to) => `${from} to ${to}`),
    );
    expect(unused).toEqual([]);
  });

  const PURE = ['domain', 'catalog', 'values'];
  test.each(PURE)('from %s to zod at most: no I/O, no clock, no promises', (room) => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => partOf(from) === room && !PURE.includes(partOf(to)) && to !== 'zod',
    );
    expect(wrong.map(show)).toEqual([]);
    const impure =
      /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|fetch\(|async |await |Promise)/;
    expect(SOURCES.filter((file) => partOf(file) === room && impure.test(read(file)))).toEqual([]);
  });

  test('from the jobs to no library that stores, sends or serves', () => {
    const allowed = /^(?:src\/|node:(?:crypto|timers\/promises)$|zod$|uuid$)/;
    const wrong = IMPORTS.filter(({ from, to }) => partOf(from) === 'jobs' && !allowed.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  test.each([
    ['@fal-ai/client', ['fal']],
    ['ioredis', ['live']],
    ['dataloader', ['db']],
    ['pg', ['db', 'embedded', 'backup', 'open-database']],
    ['@electric-sql/pglite', ['embedded']],
    ['jose', ['auth']],
    ['pino', ['log']],
    ['@pothos/core', ['graphql']],
    ['ws', ['http']],
    ['@likeness/fal-simulator', ['open-fal']],
  ])('to %s only from %j', (library, parts) => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => (to === library || to.startsWith(`${library}/`)) && !parts.includes(partOf(from)),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('from the client to its own files, graphql-ws and React', () => {
    const allowed = /^(?:packages\/client\/src\/|graphql-ws\/client$|react$)/;
    const wrong = IMPORTS.filter(({ from, to }) => partOf(from) === 'client' && !allowed.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  test('from the Studio to its own files, React, the client and its font', () => {
    const allowed =
      /^(?:packages\/studio\/src\/|react$|react-dom\/client$|@likeness\/client$|@fontsource-variable\/)/;
    const wrong = IMPORTS.filter(({ from, to }) => partOf(from) === 'studio' && !allowed.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  test('to a file of ours with its ending, as Node reads it', () => {
    const wrong = IMPORTS.filter(({ to }) => isOurs(to) && !/\.(?:tsx?|js|json|css)$/.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  test('in no circle between rooms', () => {
    expect(circlesIn(IMPORTS.map(({ from, to }) => ({ from: partOf(from), to: partOf(to) })))).toEqual([]);
  });

  test('in no circle between files, types included', () => {
    expect(circlesIn(IMPORTS)).toEqual([]);
  });

  test('in a test to a kit, or to the parts of the soak', () => {
    const tests = ['test', ...PACKAGES.map((path) => `${path}/test`)]
      .filter((folder) => existsSync(new URL(folder, ROOT)))
      .flatMap(filesUnder);
    const allowed = /^(?:(?:test|packages\/[\w-]+\/test)\/(?:support|fixtures)|test\/soak)\//;
    const wrong = tests
      .filter((file) => /\.m?ts$/.test(file))
      .flatMap(importsOf)
      .filter(({ to }) => /^(?:test|packages\/[\w-]+\/test)\//.test(to) && !allowed.test(to));
    expect(wrong.map(show)).toEqual([]);
  });
});

/** The nodes that a walk along the edges leads back to. */
function circlesIn(edges: readonly Import[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    if (from !== to) next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const leadsTo = (node: string, goal: string, seen = new Set<string>()): boolean =>
    [...(next.get(node) ?? [])].some((neighbour) => {
      if (neighbour === goal) return true;
      if (seen.has(neighbour)) return false;
      seen.add(neighbour);
      return leadsTo(neighbour, goal, seen);
    });
  return [...next.keys()].filter((node) => leadsTo(node, node)).sort();
}

const PROGRAMS = [
  'src/main.ts',
  'src/backup/commands/backup.ts',
  'src/backup/commands/move-to-postgres.ts',
  'src/backup/commands/restore.ts',
  'src/operator/main.ts',
  'packages/fal-simulator/src/main.ts',
];

test('the environment is read by those who start a program and by nobody else', () => {
  const readers = SOURCES.filter((file) => /\bprocess\.env\b|\benv\b.*from 'node:process'/.test(read(file)));
  expect(readers.sort()).toEqual([...PROGRAMS].sort());
});

test('only programs end the process', () => {
  const enders = SOURCES.filter((file) => /\bprocess\.(?:exit|kill|abort)\b/.test(read(file)));
  // The watch is for a process that can no longer end itself.
  expect(enders.sort()).toEqual([...PROGRAMS, 'src/embedded/create.ts', 'src/embedded/watchdog.ts'].sort());
});

test('no file of src is longer than 250 lines', () => {
  const long = SOURCES.map((file) => [file, read(file).trimEnd().split('\n').length] as const);
  expect(long.filter(([, lines]) => lines > 250)).toEqual([]);
});

test('no file is named after nothing', () => {
  const vague = /(?:^|\/)(?:utils?|helpers?|types?|common|index|misc|shared|lib|constants?)(?:\.|\/)/;
  const others = [...filesUnder('test'), ...filesUnder('scripts'), ...filesUnder('demo')];
  // A test is named after what it tries; a column's types are something.
  const files = [...SOURCES, ...others.filter((file) => !file.endsWith('.test.ts'))];
  expect(files.filter((file) => vague.test(file))).toEqual([]);
});

test('product code does not ask whether it is under test', () => {
  const asking = /\bVITEST\b|NODE_ENV'?\]? *[!=]==? *'test'|\bimport\.meta\.vitest\b/;
  expect(SOURCES.filter((file) => asking.test(read(file)))).toEqual([]);
});

test('the check sees what it is about', () => {
  expect(SOURCES.length).toBeGreaterThan(80);
  expect(IMPORTS.length).toBeGreaterThan(200);
  expect(IMPORTS.map(show)).toContain('src/jobs/apply-run-event.ts imports src/domain/decide.ts');
  expect(Object.keys(MAY_IMPORT).sort()).toEqual([...new Set([...SOURCES.map(partOf), 'generated'])].sort());
});
