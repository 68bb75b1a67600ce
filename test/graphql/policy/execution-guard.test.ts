import { describe, expect, test } from 'vitest';
import { Kind, parse } from 'graphql';
import { readFileSync } from 'node:fs';
import * as clientOperations from '../../../packages/client/src/generated/operations.ts';
import { playgroundTabs } from '../../../src/http/pages/playground.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { ExecutionGuard, useExecutionGuard } from '../../../src/graphql/policy/execution-guard.ts';

type OnExecute = NonNullable<ReturnType<typeof useExecutionGuard>['onExecute']>;

const COSTLY = parse(
  '{ avatars(first: 100) { edges { node { generations(first: 10) { edges { cursor } } } } } }',
);

/** Executes an operation for an owner; `end` ends the execution. */
function execution(onExecute: OnExecute, ownerId: string, document = COSTLY) {
  const state = { hasBegun: false, end: (): void => undefined };
  const ended = new Promise<void>((resolve) => (state.end = resolve));
  let execute = (): unknown => undefined;
  const args = { schema, document, contextValue: { viewer: { ownerId, expiresAt: null } } };
  void onExecute({
    args,
    executeFn: () => {
      state.hasBegun = true;
      return ended;
    },
    setExecuteFn: (replaced: typeof execute) => (execute = replaced),
    setResultAndStopExecution: (result: object) => expect(result).toBeNull(),
  } as unknown as Parameters<OnExecute>[0]);
  return { state, result: Promise.resolve(execute()) };
}

test('a costly operation waits for one of the same owner, and for none of another', async () => {
  const { onExecute } = useExecutionGuard(new ExecutionGuard({ hidesSchema: false, costLimit: null }));
  if (onExecute === undefined) throw new Error('expected a hook');
  const [first, second, other] = ['ada', 'ada', 'bob'].map((owner) => execution(onExecute, owner));
  const begun = () => [first, second, other].map((one) => one?.state.hasBegun);
  expect(begun()).toEqual([true, false, true]);

  first?.state.end();
  await first?.result;
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun()).toEqual([true, true, true]);
});

test('an operation that starts a run waits for none, unless it reads a lot besides', async () => {
  const { onExecute } = useExecutionGuard(new ExecutionGuard({ hidesSchema: false, costLimit: null }));
  if (onExecute === undefined) throw new Error('expected a hook');
  const starting = (selection: string) =>
    parse(`mutation { generateImage(input: { avatarId: "a", prompt: "tea" }) {
      ... on GenerateImagePayload { generation { id ${selection} } }
    } }`);
  const page = (name: string) =>
    `${name}: generations(first: 100) { edges { node { id images { url width height contentType } } } }`;
  const costly = starting(`avatar { ${page('a')} ${page('b')} ${page('c')} }`);
  const started = [costly, costly, starting('prompt')].map((document) =>
    execution(onExecute, 'ada', document),
  );

  expect(started.map(({ state }) => state.hasBegun)).toEqual([true, false, true]);

  for (const { state } of started) state.end();
  await Promise.all(started.map(({ result }) => result));
});

test('a costly operation behind too many others is refused for that reason', async () => {
  const { onExecute } = useExecutionGuard(new ExecutionGuard({ hidesSchema: false, costLimit: null }));
  if (onExecute === undefined) throw new Error('expected a hook');
  const [first, ...others] = Array.from({ length: 102 }, () => execution(onExecute, 'ada'));
  expect(await others.pop()?.result).toMatchObject({
    errors: [
      {
        message: 'Too many of your operations wait already: retry in 1 s.',
        extensions: { code: 'LIMIT_EXCEEDED', retryAfterSeconds: 1, http: { status: 429 } },
      },
    ],
  });
  for (const { state } of others) state.end();
  first?.state.end();
  await Promise.all(others.map(({ result }) => result));
});

describe('no operation that a known client sends is too large, with its longest pages and batches', () => {
  const contract = readFileSync(new URL('../../contract/operations.graphql', import.meta.url), 'utf8');
  const texts = [
    contract,
    ...Object.values(clientOperations).map(String),
    ...playgroundTabs(null).map(({ query }) => query),
  ];
  const operations = texts
    .map((text) => parse(text))
    .flatMap((document) =>
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.OPERATION_DEFINITION && definition.name !== undefined
          ? [{ name: definition.name.value, document }]
          : [],
      ),
    );
  const guard = new ExecutionGuard({ hidesSchema: false, costLimit: null });

  test.each(operations)('$name', ({ name, document }) => {
    const contextValue = { viewer: { ownerId: 'ada', expiresAt: null } };
    const variableValues = { first: 100 };
    const admission = guard.admit({ schema, document, operationName: name, variableValues, contextValue });
    // Others are about the variables.
    expect('refusal' in admission ? admission.refusal.extensions['code'] : null).not.toBe(
      'OPERATION_TOO_LARGE',
    );
  });

  test('and there are such operations', () => expect(operations.length).toBeGreaterThan(50));
});

test('an event of a photo set may cost as much as all photos that it may have, and not twice that', () => {
  const guard = new ExecutionGuard({ hidesSchema: false, costLimit: null });
  const isAdmitted = (field: string, selection: string) => {
    const photo = `fragment P on Photo { id name caption state url code message warnings { code message } size width
      height contentType expiresAt createdAt }`;
    const document = parse(`subscription { ${field} { ${selection} } } ${photo}`);
    const contextValue = { viewer: { ownerId: 'ada', expiresAt: null } };
    return !('refusal' in guard.admit({ schema, document, contextValue }));
  };
  expect(isAdmitted('photoSet(avatarId: "a")', 'version photos { ...P }')).toBe(true);
  expect(isAdmitted('photoSet(avatarId: "a")', 'a: photos { ...P } b: photos { ...P }')).toBe(false);
  expect(isAdmitted('avatarStatus', 'generations(first: 100) { edges { node { id } } }')).toBe(false);
});
