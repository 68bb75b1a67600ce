import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
  type GraphQLNamedType,
} from 'graphql';
import { expect, test } from 'vitest';
import { IMAGE_SIZES, OUTPUT_FORMATS } from '../../src/catalog/generators.ts';
import { readFileSync } from 'node:fs';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const schema = buildSchema(read('schema.graphql'));
const ours = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));

test('every operation that clients send fits the schema', () => {
  expect(validate(schema, parse(read('test/contract/operations.graphql')))).toEqual([]);
});

test('every type, field, argument, input field and enum value says what it is', () => {
  const BUILT_IN = new Set(['String', 'Int', 'Float', 'Boolean', 'ID']);
  const silent = ours.filter(({ name }) => !BUILT_IN.has(name)).flatMap(undescribedIn);

  expect(silent).toEqual([]);
});

test('inputs have the fields and defaults that clients count on', () => {
  const inputs = {
    CreateAvatarInput: {
      name: 'String!',
      trainingType: 'TrainingType!',
      triggerPhrase: 'String',
      externalId: 'String',
      tags: '[String!]',
      idempotencyKey: 'String',
    },
    UpdateAvatarInput: {
      avatarId: 'ID!',
      name: 'String',
      triggerPhrase: 'String',
      externalId: 'String',
      tags: '[String!]',
    },
    StartTrainingInput: {
      avatarId: 'ID!',
      imagesUrl: 'String',
      steps: 'Int',
      trainer: 'Trainer',
      idempotencyKey: 'String',
      dryRun: 'Boolean = false',
    },
    CancelTrainingInput: { avatarId: 'ID!' },
    DeleteAvatarInput: { avatarId: 'ID!' },
    GenerateImageInput: {
      avatarId: 'ID!',
      prompt: 'String!',
      numImages: 'Int = 1',
      seed: 'Int',
      strength: 'Float',
      size: 'ImageSize',
      width: 'Int',
      height: 'Int',
      outputFormat: 'OutputFormat',
      guidanceScale: 'Float',
      inferenceSteps: 'Int',
      waitSeconds: 'Int = 0',
      idempotencyKey: 'String',
      dryRun: 'Boolean = false',
    },
    RegenerateInput: {
      generationId: 'ID!',
      prompt: 'String',
      numImages: 'Int',
      seed: 'Int',
      strength: 'Float',
      size: 'ImageSize',
      width: 'Int',
      height: 'Int',
      outputFormat: 'OutputFormat',
      guidanceScale: 'Float',
      inferenceSteps: 'Int',
      waitSeconds: 'Int = 0',
      idempotencyKey: 'String',
      dryRun: 'Boolean = false',
    },
  };
  for (const [name, fields] of Object.entries(inputs)) {
    expect(inputFieldsOf(name)).toMatchObject(fields);
    const required = Object.entries(inputFieldsOf(name)).filter(([, type]) => type.endsWith('!'));
    expect(Object.keys(fields)).toEqual(expect.arrayContaining(required.map(([field]) => field)));
  }
});

test('the codes and states that clients branch on are all there', () => {
  expect(valuesOf('ErrorCode')).toEqual(
    expect.arrayContaining([
      'NOT_FOUND',
      'INVALID_INPUT',
      'CONFLICT',
      'NOT_READY',
      'PROVIDER_REJECTED',
      'PROVIDER_UNAVAILABLE',
      'LIMIT_EXCEEDED',
      'IDEMPOTENCY_CONFLICT',
      'INTERNAL_ERROR',
      'PROVIDER_FAILED',
      'RESULT_INVALID',
      'SUBMIT_OUTCOME_UNKNOWN',
      'NOT_STARTED',
      'LOST',
    ]),
  );
  const states = ['DRAFT', 'QUEUED', 'TRAINING', 'COMPLETED', 'FAILED', 'CANCELLED'];
  expect(valuesOf('AvatarStatus').toSorted()).toEqual(states.toSorted());
  const ends = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];
  expect(valuesOf('GenerationStatus').toSorted()).toEqual(ends.toSorted());
  expect(valuesOf('TrainingType').toSorted()).toEqual(['PORTRAIT', 'STYLE']);
  expect(valuesOf('ImageSize').toSorted()).toEqual([...IMAGE_SIZES].toSorted());
  expect(valuesOf('UnavailableReason')).toEqual(['BALANCE_EXHAUSTED', 'BUSY', 'KEY_REFUSED']);
  expect(valuesOf('OutputFormat').toSorted()).toEqual([...OUTPUT_FORMATS].toSorted());
});

/** Give their payload, and no union with refusals. */
const REFUSE_NOTHING = ['createStreamTicket'];

test('every refusal has a code and a message', () => {
  const error = schema.getType('Error');
  if (!isInterfaceType(error)) throw new Error('Error is no interface');
  const { code, message } = error.getFields();
  expect([String(code?.type), String(message?.type)]).toEqual(['ErrorCode!', 'String!']);
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const result = schema.getType(String(field.type).replace('!', ''));
    if (isObjectType(result)) {
      expect(REFUSE_NOTHING).toContain(field.name);
      continue;
    }
    const members = schema
      .getPossibleTypes(result as never)
      .filter(({ name }) => !/(?:Payload|^DryRun)$/.test(name));
    expect(members.length).toBeGreaterThan(0);
    for (const member of members) expect(member.getInterfaces()).toContain(error);
  }
});

function undescribedIn(type: GraphQLNamedType): string[] {
  const silent: string[] = [];
  const look = (path: string, thing: { readonly description?: string | null | undefined }) => {
    if ((thing.description ?? '').trim() === '') silent.push(path);
  };
  look(type.name, type);
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      look(`${type.name}.${field.name}`, field);
      for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg);
    }
  }
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field);
  }
  if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value);
  return silent;
}

function inputFieldsOf(name: string): Record<string, string> {
  const type = schema.getType(name);
  if (!isInputObjectType(type)) throw new Error(`${name} is no input`);
  return Object.fromEntries(
    Object.values(type.getFields()).map(({ name: field, type: of, defaultValue }) => [
      field,
      defaultValue === undefined ? String(of) : `${String(of)} = ${JSON.stringify(defaultValue)}`,
    ]),
  );
}

function valuesOf(name: string): string[] {
  const type = schema.getType(name);
  if (!isEnumType(type)) throw new Error(`${name} is no enum`);
  return type.getValues().map((value) => value.name);
}
