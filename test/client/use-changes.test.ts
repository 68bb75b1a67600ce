import { createElement as h, StrictMode, useState, type ReactElement } from 'react';
import { afterAll, afterEach, expect, test } from 'vitest';
import { LikenessError, type Avatar, type Change } from '../../packages/client/src/client.ts';
import { LikenessProvider, useChanges, useLikeness } from '../../packages/client/src/react.ts';
import { eventually } from '../support/eventually.ts';
import { openPage } from '../support/page.mjs';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
const gateway = await startGateway(app.url);
const page = await openPage();
afterEach(async () => {
  await page.leave();
  await eventually('the page to leave no connection', () => gateway.open.webSockets === 0);
});
afterAll(async () => {
  await page.close();
  await gateway.close();
  await app.close();
});

const client = quickClient(gateway.url);
const inApp = (...children: ReactElement[]) =>
  h(StrictMode, null, h(LikenessProvider, { client }, ...children));
const pageShows = (text: string) => expect.poll(() => page.text()).toBe(text);

/** As the README of the package shows it. */
function Gallery(): ReactElement {
  const likeness = useLikeness();
  const [avatars, setAvatars] = useState<ReadonlyMap<string, Avatar>>(new Map());
  const { isCaughtUp, error } = useChanges(async (change) => {
    if (change.__typename === 'CaughtUp') {
      const { edges } = await likeness.avatars({ first: 100 });
      setAvatars(new Map(edges.map(({ node }) => [node.id, node])));
    } else if (change.__typename === 'AvatarChanged') {
      setAvatars((old) => new Map([...old, [change.avatar.id, change.avatar]]));
    } else if (change.__typename === 'AvatarDeleted') {
      setAvatars((old) => new Map([...old].filter(([id]) => id !== change.avatarId)));
    }
  });
  if (error !== null) return h('p', null, error.message);
  const names = [...avatars.values()].map(({ name }) => name).toSorted();
  return h('p', null, isCaughtUp ? `live: ${names.join(' ')}` : 'loading');
}

test('a gallery follows creations, changes and deletions, over a lost connection', async () => {
  const { id } = await app.newAvatar({ name: 'Ada' });
  page.render(inApp(h(Gallery)));
  await pageShows('live: Ada');
  const other = await app.newAvatar({ name: 'Eve' });
  await pageShows('live: Ada Eve');

  gateway.webSockets = 'refuse';
  gateway.streams = 'refuse';
  gateway.cut();
  await eventually('a lost connection', () => gateway.open.webSockets === 0);
  await app.updateAvatar({ avatarId: other.id, name: 'Mae' });
  await app.deleteAvatar(id);
  gateway.webSockets = 'pass';
  gateway.streams = 'pass';
  await pageShows('live: Mae');
  expect(page.errors).toEqual([]);
});

test('changes come to the function of the last render, and stop with the component', async () => {
  const seen: string[] = [];
  function Log({ name }: { readonly name: string }): ReactElement {
    const { isCaughtUp } = useChanges(({ __typename }: Change) => void seen.push(`${name} ${__typename}`));
    return h('p', null, `${name} ${isCaughtUp}`);
  }
  page.render(inApp(h(Log, { name: 'first' })));
  await pageShows('first true');
  page.render(inApp(h(Log, { name: 'second' })));
  await pageShows('second true');
  const { id } = await app.newAvatar();
  await expect.poll(() => seen.at(-1)).toBe('second AvatarChanged');
  page.render(inApp());
  await pageShows('');
  const before = seen.length;
  await app.deleteAvatar(id);
  await eventually('the end of the watch', () => gateway.open.webSockets === 0);
  expect(seen).toHaveLength(before);
});

test('what the function throws ends the updates', async () => {
  let calls = 0;
  function Failing(): ReactElement {
    const { error } = useChanges(async () => {
      calls += 1;
      await Promise.reject(new Error('no room'));
    });
    return h('p', null, error?.message ?? 'none');
  }
  page.render(h(LikenessProvider, { client }, h(Failing)));
  await pageShows('no room');
  await eventually('the end of the watch', () => gateway.open.webSockets === 0);
  expect(calls).toBe(1);
});

test('a text that is no cursor is an error', async () => {
  function From({ after }: { readonly after: string }): ReactElement {
    const { error } = useChanges(() => undefined, { after });
    return h('p', null, error instanceof LikenessError ? error.code : 'none');
  }
  page.render(inApp(h(From, { after: 'x' })));
  await pageShows('INVALID_INPUT');
});
