import { expect, test } from 'vitest';
import { GrowingBuffer } from '../../src/async/growing-buffer.ts';

const one = (byte: number) => Uint8Array.of(byte);

test('many chunks of one byte take at most twice their bytes, in one buffer', () => {
  const buffer = new GrowingBuffer(Infinity);
  let most = 0;
  for (let index = 0; index < 100_000; index += 1) {
    const capacity = buffer.capacityWith(one(index % 251));
    buffer.append(one(index % 251));
    most = Math.max(most, capacity / buffer.size);
  }
  expect(most).toBeLessThanOrEqual(2);
  expect(buffer.bytes.buffer.byteLength).toBeLessThanOrEqual(200_000);
  expect(buffer.bytes.every((byte, index) => byte === index % 251)).toBe(true);
});

test('the buffer never has more room than for the bytes that are expected', () => {
  const buffer = new GrowingBuffer(100);
  buffer.append(new Uint8Array(60));
  expect(buffer.capacityWith(one(1))).toBe(100);
  buffer.append(new Uint8Array(41));
  expect([buffer.size, buffer.capacityWith(new Uint8Array(0))]).toEqual([101, 101]);
});

test('all bytes in one chunk are copied once', () => {
  const buffer = new GrowingBuffer(5);
  const chunk = new TextEncoder().encode('whole');
  expect(buffer.capacityWith(chunk)).toBe(5);
  buffer.append(chunk);
  chunk.fill(0);
  expect(buffer.bytes.toString()).toBe('whole');
});

test('without a chunk there are no bytes', () => {
  expect(new GrowingBuffer(5).bytes).toHaveLength(0);
});
