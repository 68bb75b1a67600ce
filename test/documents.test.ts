import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DOCUMENT_LIMITS } from '../src/graphql/policy/document-limits.ts';
import { BUILT_IN } from '../src/catalog/catalog.ts';
import { COST_LIMITS, MAX_SUBSCRIPTION_VARIABLES } from '../src/graphql/policy/execution-guard.ts';
import { COSTS } from '../src/graphql/policy/operation-size.ts';
import { MAX_WAITING } from '../src/graphql/policy/owner-turns.ts';
import { PHOTO_LIMITS } from '../src/domain/photo.ts';
import { schema } from '../src/graphql/schema.ts';
import { DEFAULT_SIZES, DEFAULT_TRAINERS } from '../src/catalog/trainers.ts';
import { PRICES, priceText } from '../src/catalog/prices.ts';
import { IMAGE_SIZES, MAX_IMAGES, type Generator, type ImageSize } from '../src/catalog/generators.ts';
import type { Range } from '../src/catalog/forms.ts';
import type { Artifact } from '../src/catalog/artifact.ts';

const ROOT = new URL('..', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
const exists = (path: string) => existsSync(new URL(path, ROOT));
const markdownIn = (folder: string) =>
  readdirSync(new URL(folder, ROOT)).flatMap((name) => (name.endsWith('.md') ? [`${folder}${name}`] : []));

const DOCUMENTS = [
  ...markdownIn('./'),
  ...markdownIn('docs/'),
  'bench/README.md',
  'packages/fal-simulator/README.md',
  'packages/client/README.md',
].map((file) => file.replace('./', ''));

/** GitHub's anchor of a heading. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(DOCUMENTS)('%s', (file) => {
  test('links to files and headings that exist', () => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : new URL(path, new URL(file, 'file:///')).pathname.slice(1);
      return !exists(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test('names tests and folders that exist', () => {
    const named = read(file).matchAll(
      /(?<![\w./-])((?:test|src|docs|bench|demo|scripts|prisma|packages\/[\w-]+)\/[\w./-]*\w)/g,
    );
    const missing = [...named]
      .map(([, path = '']) => path)
      .filter((path) => !['', '.test.ts', '.ts'].some((ending) => exists(path + ending)));
    expect(missing).toEqual([]);
  });
});

test('docs/trainers.md has the rows of the catalog', () => {
  const rows = tableRows('docs/trainers.md', 'trainer');
  const catalog = BUILT_IN.trainers.map(({ name, endpoint, serves, artifact, generator }) => {
    const shown = artifact === 'LORA' ? 'LoRA files' : 'finetune_id';
    return ['', name, endpoint, serves.join(', '), shown, generator.endpoint, ''];
  });
  expect(rows).toEqual(catalog);
  expect(read('docs/trainers.md')).toContain(`\`${DEFAULT_TRAINERS.PORTRAIT[0]}\` for a PORTRAIT avatar`);
});

test('docs/trainers.md has the options of the generators, and the sizes by their names at fal', () => {
  const generators = [...new Set(BUILT_IN.trainers.map(({ generator }) => generator))];
  const between = (range: Range | null) => (range === null ? '–' : `${range.min} to ${range.max}`);
  expect(tableRows('docs/trainers.md', 'Generator').toSorted()).toEqual(
    generators
      .map((generator) => {
        const { endpoint, side, guidanceScale, inferenceSteps, strength } = generator;
        const [field] = sizeSentBy(generator, 'SQUARE');
        return ['', endpoint, field, ...[side, guidanceScale, inferenceSteps, strength].map(between), ''];
      })
      .toSorted(),
  );
  const ofField = (field: string, size: ImageSize) =>
    generators.map((generator) => sizeSentBy(generator, size)).find(([name]) => name === field)?.[1];
  const sizes = tableRows('docs/trainers.md', 'size');
  expect(sizes.map(([, size, imageSize, , ratio]) => [size, imageSize, ratio])).toEqual(
    IMAGE_SIZES.map((size) => [size, ofField('image_size', size), ofField('aspect_ratio', size)]),
  );
  const { PORTRAIT, STYLE } = DEFAULT_SIZES;
  const defaults = `an image of a PORTRAIT avatar is \`${PORTRAIT}\` and an image of a STYLE avatar is \`${STYLE}\``;
  expect(read('docs/trainers.md').replace(/\s+/g, ' ')).toContain(defaults);
});

test('docs/trainers.md has the prices', () => {
  const rows = Object.entries(PRICES).map(([endpoint, price]) => {
    const source =
      price === null ? '–' : { MODEL_PAGE: 'fal’s model page', THIRD_PARTY: 'third party' }[price.source];
    return ['', endpoint, priceText(price), source, ''];
  });
  expect(tableRows('docs/trainers.md', 'Price of')).toEqual(rows);
  for (const price of Object.values(PRICES))
    if (price !== null) expect(read('docs/trainers.md')).toContain(price.date);
});

function sizeSentBy(generator: Generator, size: ImageSize): readonly [field: string, value: unknown] {
  const artifact: Artifact =
    generator.artifact === 'LORA'
      ? { kind: 'LORA', loraUrl: 'https://files.example/lora', configUrl: null }
      : { kind: 'FINETUNE', finetuneId: 'ft' };
  const options = { strength: null, outputFormat: null, guidanceScale: null, inferenceSteps: null };
  const sent = generator.input({ artifact, prompt: 'TOK', numImages: 1, seed: 7, size, ...options });
  const field = ['image_size', 'aspect_ratio'].find((name) => name in sent) ?? '';
  return [field, sent[field]];
}

/** Cells of the rows below the heading row that begins with this cell. */
function tableRows(file: string, heading: string): string[][] {
  const lines = read(file)
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  const first = lines.findIndex(([, cell]) => cell === heading);
  const rest = lines.slice(first + 2);
  return rest.slice(
    0,
    rest.findIndex((cells) => cells.length === 1),
  );
}

/** In one line, with numbers as code has them. */
function settingsText(): string {
  return read('docs/settings.md')
    .replace(/\s+/g, ' ')
    .replaceAll(/(\d),(\d)/g, '$1$2');
}

test('docs/settings.md has the limits on documents', () => {
  const { text, tokens, fields, selections, fragments, directives, aliases, aliasLength, depth, mutations } =
    DOCUMENT_LIMITS;
  expect(settingsText()).toContain(
    `A document may have ${text} characters, ${tokens} tokens, ${fields} fields, ${selections} selections, ` +
      `${fragments} fragments, ${directives} directives, ${aliases} aliases of ${aliasLength} characters each, ` +
      `${depth} levels and ${mutations} mutations`,
  );
});

test('docs/settings.md has the costs of operations, and their limits', () => {
  const { row, query, mutation, introspection } = COSTS;
  const { operation, event, atOnce, small, run } = COST_LIMITS;
  const { usage } = schema.getQueryType()?.getFields() ?? {};
  const { photoSet } = schema.getSubscriptionType()?.getFields() ?? {};
  const sentences = [
    `${MAX_IMAGES} images of a generation, ${PHOTO_LIMITS.rows} photos of an avatar, ${String(usage?.extensions['maxEntries'])} entries of \`usage\``,
    `${row} for each entry of a page`,
    `${query} for each page, each \`totalCount\` and each top-level field, or ${mutation} for each top-level field of a mutation`,
    `${introspection} for \`__schema\``,
    `One operation may cost ${operation}, an event of a subscription ${event}, and one of \`photoSet\` ${String(photoSet?.extensions['maxEventCost'])}.`,
    `may cost ${atOnce} together, except those of at most ${small}, or ${run} if they start a run`,
    `${MAX_WAITING} waiting operations`,
    `The variables of a subscription may have ${MAX_SUBSCRIPTION_VARIABLES} characters`,
  ];
  expect(sentences.filter((sentence) => !settingsText().includes(sentence))).toEqual([]);
});

test('docs/operations.md has the metrics', () => {
  const named = [...read('src/http/monitoring/metrics.ts').matchAll(/'(likeness_\w+)'/g)].map(
    ([, name]) => name,
  );
  const listed = [...read('docs/operations.md').matchAll(/^\| `(likeness_\w+)`/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(named.toSorted());
});

describe('ARCHITECTURE.md', () => {
  const page = read('ARCHITECTURE.md');

  test('has a row for every folder and file of src', () => {
    const rooms = readdirSync(new URL('src/', ROOT), { withFileTypes: true })
      .filter(({ name }) => name !== 'generated')
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    expect(rooms.filter((room) => !new RegExp(`^\\|.* \`src/${room}\`.* \\| `, 'm').test(page))).toEqual([]);
  });

  const importsOf = (file: string) =>
    [...read(file).matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, to = '']) =>
      posix.join(posix.dirname(file), to),
    );
  /** Implementations of a port that is declared in a file of its own, which the caller imports too. */
  const PORTS: Readonly<Record<string, string>> = {
    'src/db/reads/row-reads.ts': 'src/graphql/reads.ts',
    'src/http/plain-queries.ts': 'src/http/route.ts',
    'src/http/sockets/ws-events.ts': 'src/graphql/context.ts',
  };
  const leadsTo = (file: string, earlier: string) => {
    const port = PORTS[file] ?? file;
    const imports = importsOf(file);
    const isCalled = imports.includes(port) && importsOf(earlier).includes(port);
    return isCalled || importsOf(earlier).includes(file) || imports.includes(earlier);
  };

  /** The files of a walk, in order. */
  function filesOf(walk: string): string[] {
    const section = page.split(`### ${walk}\n`)[1]?.split('\n#')[0] ?? '';
    return [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, name = '']) => `src/${name}.ts`);
  }

  test.each([
    { walk: 'webhook → row → subscriber', maxFiles: 20, maxBorders: 10 },
    { walk: 'startTraining → fal', maxFiles: 24, maxBorders: 11 },
    { walk: 'subscription', maxFiles: 18, maxBorders: 7 },
  ])('draws the walk $walk along imports', ({ walk, maxFiles, maxBorders }) => {
    const files = filesOf(walk);
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !exists(file))).toEqual([]);
    const loose = files.filter(
      (file, index) => index > 0 && !files.slice(0, index).some((earlier) => leadsTo(file, earlier)),
    );
    expect(loose).toEqual([]);
    const borders = files.filter(
      (file, index) => index > 0 && posix.dirname(file) !== posix.dirname(files[index - 1] ?? ''),
    ).length;
    expect(files.length).toBeLessThanOrEqual(maxFiles);
    expect(borders).toBeLessThanOrEqual(maxBorders);
  });
});
