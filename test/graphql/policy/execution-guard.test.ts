import { expect, test } from 'vitest';
import { parse } from 'graphql';
import { schema } from '../../../src/graphql/schema.ts';
import { ExecutionGuard, useExecutionGuard } from '../../../src/graphql/policy/execution-guard.ts';

type OnExecute = NonNullable<ReturnType<typeof useExecutionGuard>['onExecute']>;

const COSTLY = parse(
  '{ avatars(first: 100) { edges { node { generations(first: 10) { edges { cursor } } } } } }',
);

/** Executes COSTLY for an owner; `end` ends the execution. */
function execution(onExecute: OnExecute, ownerId: string) {
  const state = { hasBegun: false, end: (): void => undefined };
  const ended = new Promise<void>((resolve) => (state.end = resolve));
  let execute = (): unknown => undefined;
  const args = { schema, document: COSTLY, contextValue: { viewer: { ownerId, expiresAt: null } } };
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
