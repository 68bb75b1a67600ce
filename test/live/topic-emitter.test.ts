import { describe, expect, test } from 'vitest';
import { TopicEmitter } from '../../src/live/topic-emitter.ts';

function emitterOf() {
  const emitter = new TopicEmitter<string, string>();
  const heard: string[] = [];
  const add = (topic: string, name: string) =>
    emitter.subscribe(topic, (event) => heard.push(`${name} ${event}`));
  return { emitter, heard, add };
}

describe('a topic emitter', () => {
  test('calls the listeners of a topic, in the order they subscribed', () => {
    const { emitter, heard, add } = emitterOf();
    add('a', 'first');
    add('b', 'other');
    add('a', 'second');
    emitter.publish('a', 'a');
    expect(heard).toEqual(['first a', 'second a']);
    emitter.publish('c', 'c');
    expect(heard).toHaveLength(2);
  });

  test('calls every listener once for an event to all topics', () => {
    const { emitter, heard, add } = emitterOf();
    add('a', 'first');
    add('b', 'second');
    emitter.publishToAll('missed');
    expect(heard).toEqual(['first missed', 'second missed']);
  });

  test('removes a listener that stops, and only that one', () => {
    const { emitter, heard, add } = emitterOf();
    const stop = add('a', 'first');
    add('a', 'second');
    expect(emitter.size).toBe(2);
    stop();
    stop();
    expect(emitter.size).toBe(1);
    emitter.publish('a', 'a');
    expect(heard).toEqual(['second a']);
  });

  test('calls a listener once per subscription', () => {
    const { emitter, heard } = emitterOf();
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

  test('allows listeners to stop during a call', () => {
    const { emitter, heard, add } = emitterOf();
    const stops = [add('a', 'first')];
    emitter.subscribe('a', () => stops.forEach((stop) => stop()));
    add('a', 'third');
    emitter.publish('a', 'a');
    emitter.publish('a', 'a');
    expect(heard).toEqual(['first a', 'third a', 'third a']);
  });
});
