import { execute, parse } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';

const GENERATION = 'gen_00000000000070008000000000000001';
const TRAINING = 'job_00000000000070008000000000000001';

test.each([
  ['generation', GENERATION],
  ['training', TRAINING],
])('the avatar of a %s that is deleted during the read is NOT_FOUND, and no fault', async (field, id) => {
  const row = async () => ({ id, ownerId: 'ada', avatarId: 'avt_00000000000070008000000000000001' });
  const { errors } = await execute({
    schema,
    document: parse(`{ ${field}(id: "${id}") { avatar { name } } }`),
    contextValue: {
      viewer: { ownerId: 'ada', expiresAt: null },
      rows: { generation: row, training: row, avatar: async () => null },
    },
  });
  expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});
