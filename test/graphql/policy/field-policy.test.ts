import { expect, test } from 'vitest';
import { errorsOf } from '../../../src/graphql/refusals.ts';
import { fieldPoliciesOf, isConnection } from '../../../src/graphql/policy/field-policy.ts';
import { isObjectType } from 'graphql';
import { MAX_ITEMS } from '../../../src/jobs/generate-images.ts';
import { MAX_USAGE_ENTRIES } from '../../../src/graphql/usage.ts';
import { schema } from '../../../src/graphql/schema.ts';
import type { cancelTraining } from '../../../src/jobs/cancel-training.ts';

test('every mutation declares whether it starts a run, and those that do are known', () => {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const undeclared = mutations.filter(({ extensions }) => typeof extensions['startsRun'] !== 'boolean');
  expect(undeclared.map(({ name }) => name)).toEqual([]);
  expect(fieldPoliciesOf(schema).startingRun).toEqual(
    new Set(['startTraining', 'generateImage', 'generateImages', 'regenerate']),
  );
});

test('every list of the caller’s things is a connection with limits, and its cost is known', () => {
  const { connections } = fieldPoliciesOf(schema);
  const fields = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__') && !/(?:Connection|Edge)$/.test(name))
    .flatMap((type) => Object.values(type.getFields()));
  // These have their own limits: the trainers of this service, four images a generation, twenty tags an avatar, a few
  // warnings of a dry run, the photos of one avatar, the files of one artifact, a thousand files of an avatar that can be
  // deleted once; the results of a batch are counted with it.
  const SHORT_LISTS = [
    'trainers',
    'images',
    'loraFileUrls',
    'loraUrls',
    'trainingTypes',
    'defaultFor',
    'tags',
    'warnings',
    'results',
    'uploads',
    'photos',
    'advice',
    'files',
    'atFal',
  ];
  const lists = fields.filter(({ type }) => type.toString().includes('['));
  const { batches, lists: bounded } = fieldPoliciesOf(schema);
  const unknown = lists.filter(({ name }) => !SHORT_LISTS.includes(name) && !bounded.has(name));
  expect(unknown.map(({ name }) => name)).toEqual([]);
  expect(batches).toEqual(new Map([['generateImages', { list: 'items', max: MAX_ITEMS }]]));
  expect(bounded).toEqual(new Map([['usage', MAX_USAGE_ENTRIES]]));
  expect(new Set(fields.filter(isConnection).map(({ name }) => name))).toEqual(connections);
  expect(connections).toEqual(new Set(['avatars', 'generations', 'trainings']));
});

test('every number of the rows of a list is known as one, which costs more than other fields', () => {
  expect(fieldPoliciesOf(schema).counting).toEqual(new Set(['totalCount']));
});

test('every field with a URL declares whether the URL expires, so that no event is sent again with an old one', () => {
  const URLS = /url|links?$/i;
  // URLs at fal, which the row has, and one that no subscription shows.
  const LASTING = [
    'Image.originalUrl',
    'ArtifactFile.originalUrl',
    'LoraArtifact.loraUrl',
    'LoraArtifact.loraUrls',
    'LoraArtifact.configUrl',
    'Avatar.diffusersLoraFileUrl',
    'Avatar.loraFileUrls',
    'Avatar.configFileUrl',
    'FileAtFal.url',
    'PhotoUpload.url',
  ];
  const fields = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({ ...field, path: `${type.name}.${field.name}` })),
    );
  const expiring = fields.filter(({ extensions }) => extensions['expires'] === true);
  const lasting = fields.filter(
    ({ name, path }) => URLS.test(name) && !expiring.some((field) => field.path === path),
  );
  expect(lasting.map(({ path }) => path).sort()).toEqual(LASTING.sort());
  expect(fieldPoliciesOf(schema).expiring).toEqual(new Set(expiring.map(({ name }) => name)));
  expect(expiring.map(({ path }) => path).sort()).toEqual([
    'ArtifactFile.url',
    'Generation.imageUrl',
    'Image.url',
    'Photo.url',
  ]);
});

test('the errors of a field are those of its use case: others do not compile', () => {
  // @ts-expect-error -- CONFLICT is missing
  errorsOf<typeof cancelTraining>({ NOT_FOUND: true });
  // @ts-expect-error -- nothing refuses with NOT_READY there
  errorsOf<typeof cancelTraining>({ NOT_FOUND: true, CONFLICT: true, NOT_READY: true });
  const { types } = errorsOf<typeof cancelTraining>({ NOT_FOUND: true, CONFLICT: true });
  expect(types.map(({ name }) => name)).toEqual(['NotFoundError', 'ConflictError']);
});
