import { expect, test } from 'vitest';
import { createUploadUrl } from '../../../src/http/files/photo-upload.ts';

const LISTENING = { host: '127.0.0.1', port: 4000 };

test('the public address is the base of every URL, whatever the Host header says', () => {
  const url = createUploadUrl({ ...LISTENING, publicUrl: 'https://likeness.example/base' });
  expect(url('token', 'evil.example')).toBe('https://likeness.example/base/photos/token');
  expect(url('token', undefined)).toBe('https://likeness.example/base/photos/token');
});

test('without one, a client gets the address that it has sent, or that the server listens on', () => {
  const url = createUploadUrl({ ...LISTENING, publicUrl: null });
  expect(url('token', 'localhost:4001')).toBe('http://localhost:4001/photos/token');
  expect(url('token', undefined)).toBe('http://127.0.0.1:4000/photos/token');
});
