import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('..', import.meta.url);

/** What a folder or file at the top of src may import of the others; npm packages follow below. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // The way in: it starts the app and tells it what the environment says.
  main: ['app', 'config', 'log'],
  // Commands beside the server: they read where the data is and do one thing with it.
  operations: ['config', 'db'],
  app: [
    'async',
    'auth',
    'config',
    'db',
    'disposer',
    'domain',
    'fal',
    'graphql',
    'http',
    'jobs',
    'pubsub',
    'setting-warnings',
    'simulator',
  ],
  // The edge translates; what happens is decided behind it.
  http: ['async', 'auth', 'config', 'fal', 'graphql', 'jobs', 'domain'],
  graphql: ['async', 'auth', 'jobs', 'domain', 'generated'],
  auth: ['config', 'jwks'],
  // The ports are of jobs; who implements them knows jobs and not the other way round.
  fal: ['jobs', 'domain', 'jwks', 'read-text'],
  db: ['jobs', 'domain', 'generated'],
  pubsub: ['jobs', 'domain'],
  jwks: ['read-text'],
  'read-text': [],
  jobs: ['domain'],
  domain: [],
  config: ['domain', 'settings'],
  settings: [],
  async: [],
  disposer: [],
  'setting-warnings': ['config', 'domain', 'jobs'],
  log: ['config'],
  // fal's look-alike shares no belief with what it is there to test.
  simulator: [],
  generated: [],
};

type Import = { readonly from: string; readonly to: string };

/** Every file of a folder and the folders in it, as paths from the root; what is generated is nobody's to order. */
function filesUnder(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      posix.join(folder, posix.relative(pathOf(folder), slashed(parentPath)), name),
    )
    .filter((file) => !file.startsWith('src/generated/'))
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

/** `src/jobs/watch.ts` is part of jobs, `src/app.ts` is app. */
function partOf(file: string): string {
  return /^src\/(\w[\w-]*)/.exec(file)?.[1] ?? file;
}

function show({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

const SOURCES = filesUnder('src').filter((file) => /\.m?[jt]s$/.test(file));
const IMPORTS = SOURCES.flatMap(importsOf);

describe('an import goes', () => {
  test('from every part only to those it may know', () => {
    const wrong = IMPORTS.filter(({ from, to }) => {
      if (!to.startsWith('src/')) return false;
      const [part, other] = [partOf(from), partOf(to)];
      return part !== other && MAY_IMPORT[part]?.includes(other) !== true;
    });
    expect(wrong.map(show)).toEqual([]);
  });

  test('nowhere out of src', () => {
    expect(IMPORTS.filter(({ to }) => /^(\.|test\/|scripts\/|demo\/)/.test(to)).map(show)).toEqual([]);
  });

  test('from the domain to zod at most: no I/O, no clock, no promises', () => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => partOf(from) === 'domain' && !to.startsWith('src/domain/') && to !== 'zod',
    );
    expect(wrong.map(show)).toEqual([]);
    const impure =
      /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|fetch\(|async |await |Promise)/;
    expect(SOURCES.filter((file) => partOf(file) === 'domain' && impure.test(read(file)))).toEqual([]);
  });

  test('from the jobs to no library that stores, sends or serves', () => {
    const allowed = /^(?:src\/(?:jobs|domain)\/|node:(?:crypto|timers\/promises)$|zod$|uuid$|dataloader$)/;
    const wrong = IMPORTS.filter(({ from, to }) => partOf(from) === 'jobs' && !allowed.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  test.each([
    ['@fal-ai/client', ['fal']],
    ['ioredis', ['pubsub']],
    ['pg', ['db']],
    ['@electric-sql/pglite', ['db']],
    ['jose', ['auth']],
    ['pino', ['log']],
    ['@pothos/core', ['graphql', 'http']],
    ['ws', ['http']],
  ])('to %s only from %j', (library, parts) => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => (to === library || to.startsWith(`${library}/`)) && !parts.includes(partOf(from)),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('to the simulator only from the app; the demo and the tests stand outside', () => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => to.startsWith('src/simulator/') && !['simulator', 'app'].includes(partOf(from)),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('to a file of src with its ending, as Node reads it', () => {
    const wrong = IMPORTS.filter(({ to }) => to.startsWith('src/') && !/\.(?:ts|js|json)$/.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  test('in no circle between parts', () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to } of IMPORTS.filter(({ to: target }) => target.startsWith('src/'))) {
      const [part, other] = [partOf(from), partOf(to)];
      if (part !== other) edges.set(part, (edges.get(part) ?? new Set()).add(other));
    }
    const reaches = (part: string, goal: string, seen = new Set<string>()): boolean =>
      [...(edges.get(part) ?? [])].some((next) => {
        if (next === goal) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, goal, seen);
      });
    expect([...edges.keys()].filter((part) => reaches(part, part))).toEqual([]);
  });
});

const PROGRAMS = [
  'src/main.ts',
  'src/operations/backup.ts',
  'src/operations/move-to-postgres.ts',
  'src/operations/restore.ts',
  'src/simulator/main.ts',
];

test('the environment is read by those who start a program and by nobody else', () => {
  const readers = SOURCES.filter((file) => /\bprocess\.env\b|\benv\b.*from 'node:process'/.test(read(file)));
  expect(readers).toEqual(PROGRAMS);
});

test('only programs end the process', () => {
  const enders = SOURCES.filter((file) => /\bprocess\.(?:exit|kill|abort)\b/.test(read(file)));
  // The watch is for a process that can no longer end itself.
  expect(enders).toEqual([...PROGRAMS, 'src/db/create-embedded.ts', 'src/db/freeze-watch.ts'].sort());
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
  expect(IMPORTS.map(show)).toContain('src/jobs/record.ts imports src/domain/decide.ts');
  expect(Object.keys(MAY_IMPORT).sort()).toEqual([...new Set([...SOURCES.map(partOf), 'generated'])].sort());
});
