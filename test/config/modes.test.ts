import { describe, expect, test } from 'vitest';
import { problemsOf, WITH_TOKENS } from '../support/settings.ts';
import { readConfig } from '../../src/config/config.ts';

describe('without tokens the server is local:', () => {
  test.each(['127.0.0.1', 'localhost', '::1'])('HOST=%s is accepted', (HOST) => {
    expect(readConfig({ HOST })).toMatchObject({ host: HOST, auth: { kind: 'LOCAL' } });
  });

  test.each(['0.0.0.0', '::', '192.168.1.2', 'likeness.example', '127.0.0.1.example', 'localhost.example'])(
    'HOST=%s is refused',
    (HOST) => {
      expect(problemsOf({ HOST })).toEqual([expect.stringContaining(`HOST=${HOST}`)]);
      expect(problemsOf({ HOST, ...WITH_TOKENS })).toEqual([]);
      expect(problemsOf({ HOST, AUTH_JWKS_URL: 'https://id.example/jwks.json' })).toEqual([]);
    },
  );

  test('production is refused', () => {
    const production = { NODE_ENV: 'production', FAL_KEY: 'id:secret' };
    expect(problemsOf(production)).toEqual([expect.stringContaining('NODE_ENV=production')]);
    expect(problemsOf({ ...production, ...WITH_TOKENS })).toEqual([]);
    expect(problemsOf({ NODE_ENV: 'development' })).toEqual([]);
  });
});

describe('simulated results in production', () => {
  const production = { NODE_ENV: 'production', ...WITH_TOKENS };

  test.each(['', ' '])('need SIMULATE=yes, not %j', (SIMULATE) => {
    expect(problemsOf({ ...production, SIMULATE })).toEqual([
      'NODE_ENV=production: FAL_KEY is not set; set FAL_KEY, or set SIMULATE=yes to serve simulated results',
    ]);
    expect(problemsOf({ ...production, SIMULATE, FAL_KEY: 'id:secret' })).toEqual([]);
    expect(readConfig({ ...production, SIMULATE: 'yes' }).fal).toBeNull();
  });

  test('are refused with a FAL_KEY, as elsewhere', () => {
    const both = { SIMULATE: 'yes', FAL_KEY: 'id:secret' };
    const problem = 'SIMULATE and FAL_KEY: expected one of them, got both; unset SIMULATE to use fal';
    expect(problemsOf(both)).toEqual([problem]);
    expect(problemsOf({ ...production, ...both })).toEqual([problem]);
  });

  test.each(['no', 'on', 'true', '1', 'YES'])('are refused with SIMULATE=%s', (SIMULATE) => {
    expect(problemsOf({ SIMULATE })).toEqual([`SIMULATE: expected yes, got "${SIMULATE}"`]);
  });

  test('are the default elsewhere', () => {
    expect(readConfig({}).fal).toBeNull();
    expect(readConfig({ SIMULATE: 'yes' }).fal).toBeNull();
  });
});

test('in production the playground and the schema are hidden by default', () => {
  const production = { NODE_ENV: 'production', FAL_KEY: 'id:secret', ...WITH_TOKENS };
  expect(readConfig(production)).toMatchObject({ showsPlayground: false, hidesSchema: true });
  expect(readConfig({ ...production, PLAYGROUND: 'on', INTROSPECTION: 'on' })).toMatchObject({
    showsPlayground: true,
    hidesSchema: false,
  });
  expect(readConfig({ PLAYGROUND: 'off', INTROSPECTION: 'off' })).toMatchObject({
    showsPlayground: false,
    hidesSchema: true,
  });
});

test('the Studio is on by default, but not in production, and knows whether it needs a token', () => {
  const production = { NODE_ENV: 'production', FAL_KEY: 'id:secret', ...WITH_TOKENS };
  const STUDIO_LOGIN_URL = 'https://app.example/login';
  expect(readConfig({}).studio).toEqual({ needsToken: false, loginUrl: null });
  expect(readConfig({ STUDIO: 'off' }).studio).toBeNull();
  expect(readConfig({ ...production, STUDIO_LOGIN_URL }).studio).toBeNull();
  expect(readConfig({ ...production, STUDIO: 'on', STUDIO_LOGIN_URL }).studio).toEqual({
    needsToken: true,
    loginUrl: STUDIO_LOGIN_URL,
  });
  expect(problemsOf({ STUDIO_LOGIN_URL })).toEqual([
    'STUDIO_LOGIN_URL is set, but a server without tokens needs no login: unset it',
  ]);
});
