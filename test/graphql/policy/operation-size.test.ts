import { expect, test } from 'vitest';
import { getOperationAST, parse } from 'graphql';
import { PHOTO_LIMITS } from '../../../src/domain/photo.ts';
import { MAX_FILES_LISTED } from '../../../src/jobs/delete-avatar.ts';
import { sizeOf } from '../../../src/graphql/policy/operation-size.ts';

function costOf(text: string): number {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('expected one operation');
  return sizeOf(document, operation, {}).cost;
}

/** Of the outermost field itself. */
const [QUERY, MUTATION] = [1 + 40, 1 + 200];
const ROW = 5;

test('a list of objects is as long as it may be', () => {
  const { rows } = PHOTO_LIMITS;
  expect(costOf('{ photoSet(avatarId: "a") { photos { id name } } }')).toBe(QUERY + 1 + (2 + ROW) * rows);
  expect(costOf('{ generation(id: "a") { images { url } } }')).toBe(QUERY + 1 + 4);
});

test('a list in the result of a mutation too', () => {
  const call = (selection: string) =>
    `mutation { deleteAvatar(input: { avatarId: "a" }) { ... on DeleteAvatarPayload { receipt { ${selection} } } } }`;
  expect(costOf(call('atFal { url until }'))).toBe(MUTATION + 1 + 1 + 2 * MAX_FILES_LISTED);
});

test('a field has the cost of its own type, not of a field with the same name', () => {
  const number = `mutation { deleteAvatar(input: { avatarId: "a" }) { ...Result } }
    fragment Result on DeleteAvatarPayload { receipt { photos files } }`;
  expect(costOf(number)).toBe(MUTATION + 1 + 2);
});

test('a list of text or of enum values is one field', () => {
  expect(costOf('{ avatar(id: "a") { tags loraFileUrls } }')).toBe(QUERY + 2);
});

test('a field that its type does not have counts as one', () => {
  expect(costOf('{ trainers { photos { id } } ... on Nothing { photos { id } } }')).toBeGreaterThan(0);
});
