import { afterAll, expect, test } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import { storable } from '../../src/values/jsonb.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);

test('any JSON can be stored: NUL and lone surrogates are replaced in texts and field names', async () => {
  const odd = { url: 'https://x.example/l', 'a\u0000': ['b\u0000', { c: '\ud800', d: null }], '\udfff': 1.5 };
  const id = 'avt_00000000000070008000000000000001';
  const falResponseData = storable(odd) ?? {};
  const avatar = { id, ownerId: 'ada', name: 'Ada', trainingType: 'PORTRAIT', triggerPhrase: 'x' } as const;
  const stored = await database.prisma.avatar.create({ data: { ...avatar, falResponseData } });
  expect(stored.falResponseData).toEqual({
    url: 'https://x.example/l',
    'a\ufffd': ['b\ufffd', { c: '\ufffd', d: null }],
    '\ufffd': 1.5,
  });
});
