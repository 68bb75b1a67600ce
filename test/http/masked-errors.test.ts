import { afterAll, expect, test } from 'vitest';
import { GenerateImageDocument } from '../../src/generated/contract/graphql.ts';
import { overWs } from '../support/watch-over-ws.ts';
import { startTestApp } from '../support/test-app.ts';
import { Watch } from '../support/watch.ts';
import type { GraphQLFormattedError } from 'graphql';

const app = await startTestApp();
afterAll(() => app.close());

const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });
const SECRET = 'password-of-the-database';
// A fault that no caller can cause.
await app.restart(async ({ prisma }) => {
  await prisma.$executeRawUnsafe(
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''${SECRET}''; END'`,
  );
  await prisma.$executeRaw`CREATE TRIGGER fail BEFORE INSERT ON generations EXECUTE FUNCTION fail()`;
});
app.log.expectError('GraphQL request failed');

const call = {
  query: GenerateImageDocument.toString(),
  variables: { input: { avatarId: id, prompt: 'tea' } },
};

/** Finds the whole of an error in the log by the only thing its caller was told. */
function expectInLog(error: GraphQLFormattedError | undefined): void {
  expect(error).toMatchObject({ message: 'Unexpected error.', path: ['generateImage'] });
  const { code, correlationId, ...rest } = error?.extensions ?? {};
  expect(code).toBe('INTERNAL_SERVER_ERROR');
  expect(rest).toEqual({});
  const [line, ...others] = app.log.lines.filter((entry) => entry.correlationId === correlationId);
  expect(others).toEqual([]);
  expect(line).toMatchObject({ level: 'error', msg: 'GraphQL request failed' });
  expect(line?.err?.message).toContain(SECRET);
  expect(line?.err?.stack).toContain('.ts');
}

test('a fault of ours is masked over HTTP, and its id finds all of it in the log', async () => {
  const answer = await app.ask(GenerateImageDocument, { input: { avatarId: id, prompt: 'tea' } });

  expect(answer.text).not.toContain(SECRET);
  expect(answer.errors).toHaveLength(1);
  expectInLog(answer.errors[0]);
});

test('a fault of ours is masked over WebSocket in the same way', async () => {
  const watch = new Watch('generateImage', overWs(app.graphqlUrl, call), (data) => data);

  const errors = await watch.refused();

  expect(JSON.stringify(errors)).not.toContain(SECRET);
  expect(errors).toHaveLength(1);
  expectInLog(errors[0]);
  await watch.stop();
});

test('two faults have two ids', async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => {
      const { errors } = await app.ask(GenerateImageDocument, { input: { avatarId: id, prompt: 'tea' } });
      return errors[0]?.extensions?.['correlationId'];
    }),
  );
  expect(new Set(ids).size).toBe(2);
});
