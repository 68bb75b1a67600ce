import { afterAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { servePage } from '../support/page-server.ts';
import { startBrowser } from '../support/browser.ts';
import { startStack } from '../support/stack.ts';

const browser = await startBrowser();
const pages = await servePage('<!doctype html><title>App</title>');
const stack = await startStack({ env: { AUTH_JWT_SECRET: JWT_SECRET, ALLOWED_ORIGINS: pages.origin } });
afterAll(async () => {
  await pages.close();
  await stack.close();
});

type Seen = { readonly rows: readonly { status: string; version: number }[]; readonly state: number };

/** As docs/live.md shows it. */
const APP = `
  const seen = { rows: [], state: 0 };
  async function watch(graphqlUrl, token, avatarId) {
    const again = () => setTimeout(() => watch(graphqlUrl, token, avatarId), 200);
    try {
      const answer = await fetch(graphqlUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token },
        body: JSON.stringify({ query: 'mutation { createStreamTicket { ticket } }' }),
      });
      const { ticket } = (await answer.json()).data.createStreamTicket;
      open(graphqlUrl, ticket, avatarId, again);
    } catch {
      again();
    }
  }
  function open(graphqlUrl, ticket, avatarId, again) {
    const query = 'subscription ($id: ID!, $v: Int) { avatarStatus(avatarId: $id, afterVersion: $v) { status version } }';
    const variables = JSON.stringify({ id: avatarId, v: seen.rows.at(-1)?.version });
    const source = new EventSource(graphqlUrl + '?' + new URLSearchParams({ query, variables, ticket }));
    source.onopen = () => (seen.state = 1);
    source.addEventListener('next', ({ data }) => {
      const row = JSON.parse(data).data.avatarStatus;
      if (!(row.version <= seen.rows.at(-1)?.version)) seen.rows.push(row);
    });
    source.addEventListener('complete', () => {
      source.close();
      seen.state = 2;
    });
    source.onerror = () => {
      seen.state = source.readyState;
      if (source.readyState === EventSource.CLOSED) again?.();
    };
  }`;

test("EventSource of another origin watches a training with a ticket, over a killed server, and stops at one that isn't valid", async () => {
  const server = stack.server();
  const { url, graphqlUrl } = server;
  const { page, forgive } = await browser.newPage({ origins: [url, pages.origin] });
  await page.goto(pages.origin);
  await page.addScriptTag({ content: APP });
  const seen = (what: string, matches: (seen: Seen) => boolean) =>
    eventually(what, async () => {
      const now = await page.evaluate<Seen>('seen');
      return matches(now) ? now : null;
    });
  const token = await tokenOf('ada');
  const avatar = await server.newAvatar({}, { token });

  await page.evaluate(`watch(...${JSON.stringify([graphqlUrl, token, avatar.id])})`);
  await seen('the present state', ({ rows }) => rows[0]?.status === 'DRAFT');
  forgive(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|status of 401/);
  await server.kill();
  await server.start();
  await server.train({ avatarId: avatar.id }, { token });
  const { rows } = await seen('the end of the training', ({ rows }) => rows.at(-1)?.status === 'COMPLETED');
  const versions = rows.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));

  await server.deleteAvatar(avatar.id, { token });
  await seen('the end of the stream', ({ state }) => state === 2);

  await page.evaluate(`seen.state = 0; open(...${JSON.stringify([graphqlUrl, 'not-a-ticket', avatar.id])})`);
  // It would try again otherwise.
  await seen('a closed source', ({ state }) => state === 2);
});
