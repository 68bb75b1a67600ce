import { describe, expect, test } from 'vitest';
import { problemsOf } from '../support/settings.ts';
import { readConfig } from '../../src/config/config.ts';

describe('a bucket', () => {
  const KEY = { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'top/secret+key' };
  const AMAZON = { S3_BUCKET: 'likeness-files', S3_REGION: 'eu-central-1', ...KEY };
  const OTHER = { S3_BUCKET: 'likeness-files', S3_ENDPOINT: 'http://127.0.0.1:9000', ...KEY };

  test('of Amazon needs a region, and has its name in the host', () => {
    expect(readConfig(AMAZON).bucket).toEqual({
      name: 'likeness-files',
      region: 'eu-central-1',
      endpoint: null,
      isNameInPath: false,
      accessKeyId: 'id',
      secretAccessKey: 'top/secret+key',
      prefix: 'likeness/',
    });
    expect(readConfig({}).bucket).toBeNull();
  });

  test('of another storage needs an endpoint, and has its name in the path', () => {
    const { bucket } = readConfig({ ...OTHER, S3_PREFIX: 'staging/files' });
    expect(bucket).toMatchObject({ region: 'us-east-1', isNameInPath: true, prefix: 'staging/files/' });
    expect(readConfig({ ...OTHER, S3_PATH_STYLE: 'off' }).bucket).toMatchObject({ isNameInPath: false });
  });

  test.each(['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'])('without %s is refused', (name) => {
    const problems = problemsOf({ ...AMAZON, [name]: '' });
    expect(problems).toEqual([`S3_BUCKET is set but ${name} is not`]);
  });

  test('without a region and an endpoint is refused, and so is the rest without a bucket', () => {
    expect(problemsOf({ ...AMAZON, S3_REGION: '' })).toEqual([
      'S3_BUCKET is set but neither S3_REGION nor S3_ENDPOINT is',
    ]);
    expect(problemsOf({ ...OTHER, S3_BUCKET: '' })).toEqual([
      'S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_ENDPOINT: S3_BUCKET is not set; set it too, or unset the others',
    ]);
  });

  test.each([
    'https://s3.example.com',
    'http://10.0.0.7:9000',
    'http://172.31.0.7',
    'http://192.168.1.1',
    'http://[::1]:9000',
    'http://[fd00::7]',
    'http://minio:9000',
    'http://minio.storage.svc',
    'http://minio.storage.svc.cluster.local:9000',
  ])('may be at %s', (S3_ENDPOINT) => {
    expect(problemsOf({ ...OTHER, S3_ENDPOINT })).toEqual([]);
  });

  test.each([
    'http://s3.example.com',
    'http://8.8.8.8',
    'http://172.32.0.7',
    'http://134744072',
    'http://10.example.com',
    'http://[2001:db8::1]',
    'https://s3.example.com/bucket',
    'https://id:secret@s3.example.com',
    'https://:secret@s3.example.com',
    'ftp://10.0.0.7',
  ])('must not be at %s', (S3_ENDPOINT) => {
    expect(problemsOf({ ...OTHER, S3_ENDPOINT })).toEqual([
      expect.stringMatching(/^S3_ENDPOINT: expected (?!.*secret)/),
    ]);
  });

  test('has a name, a region, a prefix and a key of the right form, which no problem quotes', () => {
    const wrong = {
      ...AMAZON,
      S3_BUCKET: 'My_Bucket',
      S3_REGION: 'eu central',
      S3_PREFIX: '../a',
      S3_SECRET_ACCESS_KEY: 'top secret',
    };
    expect(problemsOf(wrong).map((problem) => problem.split(':')[0])).toEqual([
      'S3_BUCKET',
      'S3_PREFIX',
      'S3_REGION',
      'S3_SECRET_ACCESS_KEY',
    ]);
    expect(problemsOf(wrong).join()).not.toContain('top secret');
  });
});

test('files are kept where every instance can read them, unless a setting says otherwise', () => {
  const DATABASE_URL = 'postgres://u:p@db.example/likeness';
  expect(readConfig({}).keepsFiles).toBe(true);
  expect(readConfig({ KEEP_FILES: 'off' }).keepsFiles).toBe(false);
  expect(readConfig({ DATABASE_URL }).keepsFiles).toBe(false);
  expect(readConfig({ DATABASE_URL, KEEP_FILES: 'on' }).keepsFiles).toBe(true);
  const bucket = { S3_BUCKET: 'files', S3_REGION: 'eu-1', S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'x' };
  expect(readConfig({ DATABASE_URL, ...bucket }).keepsFiles).toBe(true);
  expect(readConfig({ ...bucket, KEEP_FILES: 'off' }).keepsFiles).toBe(false);
});
