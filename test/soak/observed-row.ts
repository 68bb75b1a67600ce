import { createHash } from 'node:crypto';
import type { AvatarFieldsFragment, GenerationFieldsFragment } from '../../src/generated/contract/graphql.ts';
import type { ObservedRow } from './history.ts';

export type AnyRow = AvatarFieldsFragment | (GenerationFieldsFragment & { readonly avatar?: unknown });

export function observe(row: AnyRow): ObservedRow {
  const { id, version, status, error } = row;
  // What one document asks for beyond the others must not make two states out of one.
  const { avatar: _, ...fields } = row as GenerationFieldsFragment & { readonly avatar?: unknown };
  return {
    id,
    version,
    status,
    requestId: 'falRequestId' in row ? row.falRequestId : null,
    errorCode: error?.code ?? null,
    digest: createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 16),
  };
}
