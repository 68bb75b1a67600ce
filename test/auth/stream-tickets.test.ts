import { expect, test } from 'vitest';
import { StreamTickets } from '../../src/auth/stream-tickets.ts';

const tickets = new StreamTickets('the secret of a deployment');
const NOW = Date.parse('2026-11-27T12:00:00Z');
const ada = { ownerId: 'ada', expiresAt: NOW + 3_600_000 };
const INVALID = { kind: 'bad', reason: 'the stream ticket is not valid' };
const EXPIRED = { kind: 'bad', reason: 'the stream ticket has expired: create another' };

test('a ticket stands for its viewer, with the expiry of the token', async () => {
  const { ticket, expiresAt } = await tickets.create(ada, NOW);
  expect(expiresAt.getTime()).toBe(NOW + 60_000);
  expect(await tickets.identify(ticket, NOW)).toEqual({ kind: 'viewer', viewer: ada });
  expect(ticket).not.toContain(Buffer.from('ada').toString('base64url'));

  const forever = { ownerId: 'local', expiresAt: null };
  const other = await tickets.create(forever, NOW);
  expect(await tickets.identify(other.ticket, NOW)).toEqual({ kind: 'viewer', viewer: forever });
});

test('it expires after a minute, or with the token', async () => {
  const { ticket } = await tickets.create(ada, NOW);
  expect(await tickets.identify(ticket, NOW + 64_000)).toMatchObject({ kind: 'viewer' });
  expect(await tickets.identify(ticket, NOW + 65_000)).toEqual(EXPIRED);

  const short = await tickets.create({ ...ada, expiresAt: NOW + 10_000 }, NOW);
  expect(short.expiresAt.getTime()).toBe(NOW + 10_000);
  expect(await tickets.identify(short.ticket, NOW + 15_000)).toEqual(EXPIRED);
});

test('a changed ticket is refused, whichever character it is', async () => {
  const { ticket } = await tickets.create(ada, NOW);
  for (let at = 0; at < ticket.length; at += 1) {
    const changed = `${ticket.slice(0, at)}${ticket[at] === 'A' ? 'B' : 'A'}${ticket.slice(at + 1)}`;
    const identity = await tickets.identify(changed, NOW);
    // The last character of a part has bits that mean nothing.
    if (identity.kind === 'viewer') expect(/^.(?:\.|$)/.test(ticket.slice(at))).toBe(true);
    else expect(identity).toEqual(INVALID);
  }
});

test('a ticket of another deployment, a token and other texts are refused', async () => {
  const foreign = await new StreamTickets('another secret').create(ada, NOW);
  const texts = [foreign.ticket, '', '.', '....', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.', 'ä'.repeat(100)];
  for (const text of texts) expect(await tickets.identify(text, NOW)).toEqual(INVALID);
  expect(await tickets.identify('A'.repeat(1_000_000), NOW)).toEqual(INVALID);
});

test('the longest owner id fits', async () => {
  const viewer = { ownerId: '\u{1f600}'.repeat(255), expiresAt: NOW + 3_600_000 };
  const { ticket } = await tickets.create(viewer, NOW);
  expect(await tickets.identify(ticket, NOW)).toEqual({ kind: 'viewer', viewer });
});
