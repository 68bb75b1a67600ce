import { describe, expect, test } from 'vitest';
import { TopicEmitter } from '../../src/live/topic-emitter.ts';

function stage() {
  const emitter = new TopicEmitter<string, string>();
  const heard: string[] = [];
  const add = (topic: string, name: string) =>
    emitter.subscribe(topic, (event) => heard.push(`${name} ${event}`));
  return { emitter, heard, add };
}

describe('a topic emitter', () => {
  test('calls those who listen to a topic, in the order they came, and nobody else', () => {
    const { emitter, heard, add } = stage();
    add('a', 'first');
    add('b', 'other');
    add('a', 'second');
    emitter.publish('a', 'a');
    expect(heard).toEqual(['first a', 'second a']);
    emitter.publish('c', 'c');
    expect(heard).toHaveLength(2);
  });

  test('calls everyone once when all are meant', () => {
    const { emitter, heard, add } = stage();
    add('a', 'first');
    add('b', 'second');
    emitter.publishToAll('missed');
    expect(heard).toEqual(['first missed', 'second missed']);
  });

  test('forgets those who stopped, and only those', () => {
    const { emitter, heard, add } = stage();
    const stop = add('a', 'first');
    add('a', 'second');
    expect(emitter.size).toBe(2);
    stop();
    stop();
    expect(emitter.size).toBe(1);
    emitter.publish('a', 'a');
    expect(heard).toEqual(['second a']);
  });

  test('takes 20,000 listeners of one topic, and lets them go, in no time', () => {
    const { emitter, add } = stage();
    const started = performance.now();
    const stops = Array.from({ length: 20_000 }, (_, index) => add('a', String(index)));
    expect(emitter.size).toBe(20_000);
    for (const stop of stops) stop();
    expect(emitter.size).toBe(0);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('calls one who came twice twice, until it stopped each time', () => {
    const { emitter, heard } = stage();
    const listener = (event: string) => heard.push(event);
    const stops = [emitter.subscribe('a', listener), emitter.subscribe('a', listener)];
    emitter.publish('a', 'twice');
    stops[0]?.();
    stops[0]?.();
    emitter.publish('a', 'once');
    stops[1]?.();
    emitter.publish('a', 'never');
    expect(heard).toEqual(['twice', 'twice', 'once']);
  });

  test('can be left while it calls', () => {
    const { emitter, heard, add } = stage();
    const stops = [add('a', 'first')];
    emitter.subscribe('a', () => stops.forEach((stop) => stop()));
    add('a', 'third');
    emitter.publish('a', 'a');
    emitter.publish('a', 'a');
    expect(heard).toEqual(['first a', 'third a', 'third a']);
  });
});
