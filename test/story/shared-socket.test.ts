import { afterAll, expect, test } from 'vitest';
import {
  AvatarByIdDocument,
  CreateAvatarDocument,
  type AvatarByIdQuery,
} from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';
import { overWs } from '../support/watch-over-ws.ts';
import { Watch } from '../support/watch.ts';

const app = await startTestApp();
afterAll(() => app.close());

test.each<[fault: string, query: string, says: RegExp]>([
  ['a syntax error', 'subscription {{', /Syntax Error/],
  ['a field that does not exist', 'subscription { nothing }', /Cannot query field "nothing"/],
  ['a missing variable', 'query ($id: ID!) { avatar(id: $id) { id } }', /"\$id" of required type/],
  ['an empty document', '', /Syntax Error/],
  ['two subscriptions in one', 'subscription { a: avatarStatus { id } b: avatarStatus { id } }', /only one/],
])('%s on a shared socket is an error for that operation only', async (_fault, query, says) => {
  const socket = app.socket();
  const { id } = await app.newAvatar();
  const watch = app.watchAvatar({ avatarId: id }, { socket });
  await watch.next();

  const transport = overWs(app.graphqlUrl, { query, variables: {} }, undefined, socket);
  const bad = new Watch(query, transport, (data) => data);

  const [error] = await bad.refused();
  expect(error?.message).toMatch(says);
  await app.startTraining({ avatarId: id });
  await watch.until(({ status }) => status === 'COMPLETED');
  expect(watch).toMatchObject({ hasEnded: false, errors: null });
  await watch.stop();
});

test('queries and mutations work over the socket as they do over HTTP', async () => {
  const socket = app.socket();
  const once = (document: string, variables: Record<string, unknown>) => {
    const transport = overWs(app.graphqlUrl, { query: document, variables }, undefined, socket);
    return new Watch(document, transport, (data) => data);
  };
  const input = { name: 'Over a socket', trainingType: 'STYLE' };

  const [made] = await once(CreateAvatarDocument.toString(), { input }).ended();
  expect(made).toMatchObject({ createAvatar: { avatar: { name: 'Over a socket' } } });

  const { id } = (made as { createAvatar: { avatar: { id: string } } }).createAvatar.avatar;
  const [found] = await once(AvatarByIdDocument.toString(), { id }).ended();
  expect(found).toEqual(await app.execute(AvatarByIdDocument, { id }));
  expect((found as AvatarByIdQuery).avatar?.name).toBe('Over a socket');

  const [refused] = await once(CreateAvatarDocument.toString(), { input: { ...input, name: '' } }).ended();
  expect(refused).toMatchObject({ createAvatar: { code: 'INVALID_INPUT' } });
});
