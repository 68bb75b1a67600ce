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
  pages.close();
  await stack.close();
});

type Seen = { readonly rows: readonly { status: string; version: number }[]; readonly state: number };

/** As docs/live.md shows it. */
const APP = `
  async function watch(graphqlUrl, token, avatarId) {
    const answer = await fetch(graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token },
      body: JSON.stringify({ query: 'mutation { createStreamTicket { ticket } }' }),
    });
    const { ticket } = (await answer.json()).data.createStreamTicket;
    open(graphqlUrl, ticket, avatarId);
  }
  function open(graphqlUrl, ticket, avatarId) {
    const query = 'subscription ($id: ID!) { avatarStatus(avatarId: $id) { status version } }';
    const parameters = new URLSearchParams({ query, variables: JSON.stringify({ id: avatarId }), ticket });
    const source = new EventSource(graphqlUrl + '?' + parameters);
    seen = { rows: [], state: 0, source };
    source.addEventListener('next', ({ data }) => seen.rows.push(JSON.parse(data).data.avatarStatus));
    source.addEventListener('complete', () => source.close());
  }
  let seen`;

test("EventSource of another origin watches a training with a ticket, and stops at one that isn't valid", async () => {
  const { url, graphqlUrl } = stack.server();
  const { page, forgive } = await browser.newPage({ origins: [url, pages.origin] });
  await page.goto(pages.origin);
  await page.addScriptTag({ content: APP });
  const seen = () => page.evaluate<Seen>('({ rows: seen.rows, state: seen.source.readyState })');
  const token = await tokenOf('ada');
  const avatar = await stack.server().newAvatar({}, { token });

  await page.evaluate(`watch(...${JSON.stringify([graphqlUrl, token, avatar.id])})`);
  await eventually('the present state', async () => ((await seen()).rows.length > 0 ? true : null));
  await stack.server().train({ avatarId: avatar.id }, { token });
  const { rows } = await eventually('the end of the training', async () => {
    const now = await seen();
    return now.rows.at(-1)?.status === 'COMPLETED' ? now : null;
  });
  expect(rows[0]).toMatchObject({ status: 'DRAFT' });
  const versions = rows.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));

  await stack.server().deleteAvatar(avatar.id, { token });
  await eventually('the end of the stream', async () => ((await seen()).state === 2 ? true : null));

  forgive(/status of 401/);
  await page.evaluate(`open(...${JSON.stringify([graphqlUrl, 'not-a-ticket', avatar.id])})`);
  // It would try again otherwise.
  await eventually('a closed source', async () => ((await seen()).state === 2 ? true : null));
});
