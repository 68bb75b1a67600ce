import { describe, expect, test } from 'vitest';
import { fieldsOf, readFinetune, readLora } from '../../src/catalog/artifact.ts';
import type { Json } from '../../src/values/json.ts';

const LORA = 'https://v3.fal.media/files/a/lora.safetensors';
const CONFIG = 'https://v3.fal.media/files/a/config.json';

describe('LoRA files', () => {
  test('are the weights and their configuration', () => {
    const output = { diffusers_lora_file: { url: LORA, file_size: 1 }, config_file: { url: CONFIG } };
    expect(readLora(output, ['diffusers_lora_file'], 'config_file')).toEqual({
      artifact: { kind: 'LORA', loraUrl: LORA, configUrl: CONFIG },
    });
  });

  test('are read from the field of the trainer only', () => {
    const output = { lora_file: { url: LORA }, config_file: { url: CONFIG } };
    expect(readLora(output, ['lora_file'], 'config_file')).toMatchObject({ artifact: { loraUrl: LORA } });
    expect(readLora(output, ['diffusers_lora_file'], 'config_file')).toEqual({
      missing: 'expected diffusers_lora_file.url, an http(s) URL; got only lora_file, config_file',
    });
  });

  test('of a trainer with several weights are all of them, in the order of its fields', () => {
    const fields = ['diffusers_lora_file', 'high_noise_lora'];
    const output = {
      high_noise_lora: { url: CONFIG },
      diffusers_lora_file: { url: LORA },
      settings: { url: LORA },
    };
    expect(readLora(output, fields, 'settings')).toEqual({
      artifact: { kind: 'LORA', loraUrl: LORA, otherLoraUrls: [CONFIG], configUrl: LORA },
    });
    for (const missing of fields) {
      expect(readLora({ ...output, [missing]: { url: 'file:///etc/passwd' } }, fields, 'settings')).toEqual({
        missing: expect.stringContaining(`expected ${missing}.url`) as string,
      });
    }
  });

  test.each<[string, Json]>([
    ['none', {}],
    ['null', { config_file: null }],
    ['one without URL', { config_file: { file_name: 'config.json' } }],
    ['one with a dangerous URL', { config_file: { url: 'javascript:alert(1)' } }],
  ])('have no configuration when it is %s', (_what, rest) => {
    const output = { diffusers_lora_file: { url: LORA }, ...(rest as Record<string, Json>) };
    expect(readLora(output, ['diffusers_lora_file'], 'config_file')).toEqual({
      artifact: { kind: 'LORA', loraUrl: LORA, configUrl: null },
    });
  });

  test.each<[string, Json]>([
    ['null', null],
    ['a list', [{ diffusers_lora_file: { url: LORA } }]],
    ['a text', LORA],
    ['a null file', { diffusers_lora_file: null }],
    ['a text for a file', { diffusers_lora_file: LORA }],
    ['a file without URL', { diffusers_lora_file: { file_name: 'lora.safetensors' } }],
    ['a null URL', { diffusers_lora_file: { url: null } }],
    ['an empty URL', { diffusers_lora_file: { url: '' } }],
    ['a relative URL', { diffusers_lora_file: { url: '/files/lora.safetensors' } }],
    ['a javascript: URL', { diffusers_lora_file: { url: 'javascript:alert(1)' } }],
    ['a data: URL', { diffusers_lora_file: { url: 'data:application/octet-stream;base64,AA==' } }],
    ['a file: URL', { diffusers_lora_file: { url: 'file:///etc/passwd' } }],
    ['a URL with credentials', { diffusers_lora_file: { url: 'https://me:pw@v3.fal.media/l' } }],
    ['a finetune', { finetune_id: 'ft' }],
  ])('are missing in %s', (_what, output) => {
    expect(readLora(output, ['diffusers_lora_file'], 'config_file')).toEqual({
      missing: `expected diffusers_lora_file.url, an http(s) URL; got ${fieldsOf(output)}`,
    });
  });
});

describe('a finetune', () => {
  test('is its trimmed id', () => {
    expect(readFinetune({ finetune_id: ' ft-1 ' }, 'finetune_id')).toEqual({
      artifact: { kind: 'FINETUNE', finetuneId: 'ft-1' },
    });
  });

  test('has an id of up to 256 characters', () => {
    expect(readFinetune({ finetune_id: 'f'.repeat(256) }, 'finetune_id')).toHaveProperty('artifact');
    expect(readFinetune({ finetune_id: 'f'.repeat(257) }, 'finetune_id')).toHaveProperty('missing');
  });

  test.each<[string, Json]>([
    ['null', null],
    ['nothing', {}],
    ['an empty id', { finetune_id: '' }],
    ['a blank id', { finetune_id: ' \t ' }],
    ['a null id', { finetune_id: null }],
    ['a number', { finetune_id: 7 }],
    ['the request id', { request_id: 'ft-1' }],
  ])('is missing in %s', (_what, output) => {
    expect(readFinetune(output, 'finetune_id')).toEqual({
      missing: `expected finetune_id, a text; got ${fieldsOf(output)}`,
    });
  });

  // PostgreSQL stores neither: its run would never end.
  test.each(['ft\u0000', 'ft\ud800'])('may not contain a NUL or half a character: %j', (id) => {
    expect(readFinetune({ finetune_id: id }, 'finetune_id')).toHaveProperty('missing');
  });
});

test('an unexpected output is described by its fields, never by its values', () => {
  expect(fieldsOf({ secret_url: 'https://private.example' })).toBe('only secret_url');
  expect(fieldsOf(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, i])))).toBe(
    'only f0, f1, f2, f3, f4, f5, f6, f7',
  );
  expect(fieldsOf({})).toBe('an empty object');
  expect(fieldsOf([])).toBe('a list');
  expect(fieldsOf('text')).toBe('a string');
  expect(fieldsOf(null)).toBe('null');
});

test('the description of an output can be stored: short and without NUL', () => {
  expect(fieldsOf({ ['a\u0000b']: 1 })).not.toContain('\u0000');
  expect(fieldsOf({ ['x'.repeat(1_000_000)]: 1 }).length).toBeLessThan(2000);
});
