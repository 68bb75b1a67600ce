import { afterAll, describe, expect, inject, test } from 'vitest';
import { Agent, request } from 'node:http';
import { callOf, nobodys, PLACES, type Place } from '../support/id-places.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { sqlStatements } from '../support/sql-statements.ts';

const PAIRS = 60;
const ATTEMPTS = 4;
/** Two equal things of so many samples keep to it in 99 of 100 attempts. */
const NEARLY_HALF = { from: 0.35, to: 0.65 };

const app = await startTestApp({ env: { ...NEVER_POLL, AUTH_JWT_SECRET: JWT_SECRET } });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(async () => {
  agent.destroy();
  await app.close();
});

const [alice, bob] = await Promise.all([tokenOf('alice'), tokenOf('bob')]);
const hers = await app.trainedAvatar({ trainingType: 'STYLE' }, { token: alice });
const herImage = await app.generate({ avatarId: hers.id, waitSeconds: 20 }, { token: alice });

/** Every place over HTTP, with an id of hers that it would find for her. */
const CASES = PLACES.filter(({ operation }) => operation !== 'subscription').map((place) => {
  return [place.name, place, idFor(place)] as const;
});

function idFor({ name }: Place): string {
  if (name.includes('requestId')) return hers.falRequestId ?? '';
  return /generation\(|generations\((after|before)/.test(name) ? herImage.id : hers.id;
}

/** Measured in `npm test`, one of a kind; `npm run test:nightly` measures all. */
const MEASURED = ['query avatar(id)', 'query generations(after)', 'mutation startTraining(input.avatarId)'];

/** Asks as somebody else and gives how long the answer took, in milliseconds. */
function askAsBob(place: Place, id: string): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${bob}` };
  const body = JSON.stringify(callOf(place, id));
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const asking = request(app.graphqlUrl, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(performance.now() - began));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** How often a sample of the first is the greater one: half the times where there is no difference. */
function shareAbove(first: readonly number[], second: readonly number[]): number {
  const above = first.map((value) => second.filter((other) => value > other).length);
  return above.reduce((sum, count) => sum + count, 0) / (first.length * second.length);
}

describe('with somebody else’s id the server does no more than with an id of nothing', () => {
  test.each(CASES)('%s asks the database the same', async (_name, place, id) => {
    const foreign = await sqlStatements(() => askAsBob(place, id));
    expect(foreign).toEqual(await sqlStatements(() => askAsBob(place, nobodys(id))));
  });

  const measured = CASES.filter(([name]) => inject('everyPair') || MEASURED.includes(name));
  test.each(measured)('%s takes as long', async (_name, place, id) => {
    for (let attempt = 1; ; attempt += 1) {
      const nobody = nobodys(id);
      const [foreign, absent]: [number[], number[]] = [[], []];
      // In turn, and each as often before the other as after it: whatever slows the machine down slows both.
      for (let pair = -5; pair < PAIRS; pair += 1) {
        const isForeignFirst = pair % 2 === 0;
        const first = await askAsBob(place, isForeignFirst ? id : nobody);
        const second = await askAsBob(place, isForeignFirst ? nobody : id);
        if (pair < 0) continue;
        foreign.push(isForeignFirst ? first : second);
        absent.push(isForeignFirst ? second : first);
      }
      const share = shareAbove(foreign, absent);
      const isEqual = share > NEARLY_HALF.from && share < NEARLY_HALF.to;
      if (!isEqual && attempt < ATTEMPTS) continue;
      expect(share).toBeGreaterThan(NEARLY_HALF.from);
      expect(share).toBeLessThan(NEARLY_HALF.to);
      return;
    }
  });
});
