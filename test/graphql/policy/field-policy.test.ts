import { expect, test } from 'vitest';
import { errorsOf } from '../../../src/graphql/refusals.ts';
import { expiringFields, isConnection, policiesOf } from '../../../src/graphql/policy/field-policy.ts';
import { getNamedType, isInterfaceType, isLeafType, isObjectType } from 'graphql';
import { MAX_ITEMS } from '../../../src/jobs/generate-images.ts';
import { schema } from '../../../src/graphql/schema.ts';
import type { cancelTraining } from '../../../src/jobs/cancel-training.ts';

const objects = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type) || isInterfaceType(type))
  .filter(({ name }) => !name.startsWith('__'));

const fieldsOf = (type: (typeof objects)[number]) =>
  Object.values(type.getFields()).map((field) => ({ ...field, path: `${type.name}.${field.name}` }));

test('every mutation declares whether it starts a run, and those that do are known', () => {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const undeclared = mutations.filter((field) => typeof policiesOf(field).startsRun !== 'boolean');
  expect(undeclared.map(({ name }) => name)).toEqual([]);
  const starting = mutations.filter((field) => policiesOf(field).startsRun === true);
  expect(new Set(starting.map(({ name }) => name))).toEqual(
    new Set(['startTraining', 'generateImage', 'generateImages', 'regenerate']),
  );
  const batches = mutations.flatMap((field) => policiesOf(field).batch ?? []);
  expect(batches).toEqual([{ list: 'items', max: MAX_ITEMS }]);
});

test('every list of objects declares its maximum, or is a page of a connection', () => {
  const fields = objects.flatMap(fieldsOf);
  const pages = new Set(fields.filter(isConnection).map(({ type }) => getNamedType(type).name));
  const undeclared = objects
    .filter(({ name }) => !pages.has(name))
    .flatMap(fieldsOf)
    .filter(({ type }) => type.toString().includes('[') && !isLeafType(getNamedType(type)))
    .filter((field) => !Number.isInteger(policiesOf(field).maxEntries));
  expect(undeclared.map(({ path }) => path)).toEqual([]);
  expect([...pages].sort()).toEqual(['AvatarConnection', 'GenerationConnection', 'TrainingConnection']);
});

test('every number of the rows of a list is declared as one, which costs more than other fields', () => {
  const counting = objects.flatMap(fieldsOf).filter(({ name }) => /count$/i.test(name));
  expect(counting.length).toBeGreaterThan(1);
  expect(counting.filter((field) => policiesOf(field).countsRows !== true).map(({ path }) => path)).toEqual(
    [],
  );
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
  const fields = objects.flatMap(fieldsOf);
  const expiring = fields.filter((field) => policiesOf(field).expires === true);
  const lasting = fields.filter(
    ({ name, path }) => URLS.test(name) && !expiring.some((field) => field.path === path),
  );
  expect(lasting.map(({ path }) => path).sort()).toEqual(LASTING.sort());
  expect(new Set(expiringFields(schema))).toEqual(new Set(expiring.map(({ name }) => name)));
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
