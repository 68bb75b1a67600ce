import { describe, expect, test } from 'vitest';
import { LocalTarget } from '../../src/pubsub/local-target.ts';

function event(topic: string): CustomEvent {
  return new CustomEvent(topic, { detail: topic });
}

function ears(target: LocalTarget) {
  const heard: string[] = [];
  const add = (topic: string, name: string) => {
    const listener = (news: CustomEvent) => heard.push(`${name} ${String(news.detail)}`);
    target.addEventListener(topic, listener as (news: CustomEvent) => void);
    return () => target.removeEventListener(topic, listener as (news: CustomEvent) => void);
  };
  return { heard, add };
}

describe('a local target', () => {
  test('calls those who listen to a topic, in the order they came, and nobody else', () => {
    const target = new LocalTarget();
    const { heard, add } = ears(target);
    add('a', 'first');
    add('b', 'other');
    add('a', 'second');
    target.dispatchEvent(event('a'));
    expect(heard).toEqual(['first a', 'second a']);
    target.dispatchEvent(event('c'));
    expect(heard).toHaveLength(2);
  });

  test('calls everyone once when all are meant', () => {
    const target = new LocalTarget();
    const { heard, add } = ears(target);
    add('a', 'first');
    add('b', 'second');
    target.dispatchToAll(event('missed'));
    expect(heard).toEqual(['first missed', 'second missed']);
  });

  test('forgets those who stopped, and only those', () => {
    const target = new LocalTarget();
    const { heard, add } = ears(target);
    const stop = add('a', 'first');
    add('a', 'second');
    expect(target.size).toBe(2);
    stop();
    stop();
    expect(target.size).toBe(1);
    target.dispatchEvent(event('a'));
    expect(heard).toEqual(['second a']);
  });

  test('takes 20,000 listeners of one topic, and lets them go, in no time', () => {
    const target = new LocalTarget();
    const started = performance.now();
    const stops = Array.from({ length: 20_000 }, (_, index) => ears(target).add('a', String(index)));
    expect(target.size).toBe(20_000);
    for (const stop of stops) stop();
    expect(target.size).toBe(0);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('can be left while it calls', () => {
    const target = new LocalTarget();
    const { heard, add } = ears(target);
    const stops = [add('a', 'first')];
    target.addEventListener('a', () => stops.forEach((stop) => stop()));
    add('a', 'third');
    target.dispatchEvent(event('a'));
    target.dispatchEvent(event('a'));
    expect(heard).toEqual(['first a', 'third a', 'third a']);
  });
});
