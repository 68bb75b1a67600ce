import { describe, expect, test } from 'vitest';
import { CostLimit } from '../../../src/graphql/policy/cost-limit.ts';
import { OwnerTurns } from '../../../src/graphql/policy/owner-turns.ts';

/** Work that is under way until it is told to end. */
function heldWork(begun: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return {
    end: () => end(),
    work: async () => {
      begun.push(name);
      await ended;
      return name;
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('operations of one owner', () => {
  test('run side by side up to a cost, and the rest in the order in which it came', async () => {
    const turns = new OwnerTurns(10);
    const begun: string[] = [];
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => heldWork(begun, name));
    if (!a || !b || !c || !d) throw new Error('there are four');
    const all = [
      turns.run('ada', 6, a.work),
      turns.run('ada', 6, b.work),
      turns.run('ada', 4, c.work),
      turns.run('ada', 100, d.work),
    ];
    await settled();
    expect(begun).toEqual(['a']);
    a.end();
    await settled();
    expect(begun).toEqual(['a', 'b', 'c']);
    b.end();
    c.end();
    await settled();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    d.end();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'].map((done) => ({ done })));
  });

  test('never wait for those of another', async () => {
    const turns = new OwnerTurns(10);
    const begun: string[] = [];
    const ada = heldWork(begun, 'ada');
    const running = turns.run('ada', 100, ada.work);
    expect(await turns.run('bob', 100, () => 'bob')).toEqual({ done: 'bob' });
    ada.end();
    await running;
  });

  test('are refused when a hundred wait already', async () => {
    const turns = new OwnerTurns(1);
    const first = heldWork([], 'first');
    const all = [turns.run('ada', 1, first.work)];
    for (let waiting = 0; waiting < 100; waiting += 1) all.push(turns.run('ada', 1, () => 'later'));
    expect(await turns.run('ada', 1, () => 'too many')).toBe('full');
    expect(await turns.run('bob', 1, () => 'another')).toEqual({ done: 'another' });
    first.end();
    expect(await Promise.all(all)).toHaveLength(101);
  });

  test('go on when one of them fails', async () => {
    const turns = new OwnerTurns(1);
    const failing = turns.run('ada', 1, () => Promise.reject(new Error('no')));
    const next = turns.run('ada', 1, () => 'done');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toEqual({ done: 'done' });
  });
});

describe('a minute’s worth of cost', () => {
  function limit(perMinute: number) {
    const clock = { ms: 0 };
    return { clock, limit: new CostLimit(perMinute, () => clock.ms) };
  }

  test('can be spent at once, and comes back at its rate', () => {
    const { clock, limit: costs } = limit(600);
    expect(costs.take('ada', 500)).toBeNull();
    expect(costs.take('ada', 100)).toBeNull();
    expect(costs.take('ada', 10)).toBe(1);
    expect(costs.take('ada', 100)).toBe(10);
    clock.ms += 9999;
    expect(costs.take('ada', 100)).toBe(1);
    clock.ms += 1;
    expect(costs.take('ada', 100)).toBeNull();
  });

  test('is each owner’s own, and never more than that after a long rest', () => {
    const { clock, limit: costs } = limit(600);
    expect(costs.take('ada', 600)).toBeNull();
    expect(costs.take('bob', 600)).toBeNull();
    clock.ms += 3_600_000;
    expect(costs.take('ada', 600)).toBeNull();
    expect(costs.take('ada', 1)).toBe(1);
  });

  test('is enough for an operation that costs more, when nothing was spent', () => {
    const { clock, limit: costs } = limit(600);
    expect(costs.take('ada', 5000)).toBeNull();
    expect(costs.take('ada', 5000)).toBe(60);
    clock.ms += 60_000;
    expect(costs.take('ada', 5000)).toBeNull();
  });

  test('of nothing lets nothing through', () => {
    expect(limit(0).limit.take('ada', 1)).not.toBeNull();
  });
});
