import { AvatarNode } from './avatar.ts';
import { builder, viewerOf } from './builder.ts';
import { columnsFor } from './columns.ts';
import { GenerationNode } from './generation.ts';
import { refuseNotFound } from './refusals.ts';
import { unlessDryRun } from './dry-run.ts';
import type { Avatar, Generation } from '../generated/prisma/client.ts';
import type { Context } from './context.ts';
import type { DryRun } from '../jobs/dry-run.ts';
import type { GraphQLResolveInfo } from 'graphql';
import type { RefusalCode, Result } from '../domain/refusal.ts';

export const IDEMPOTENCY_KEY =
  'Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key.';

export function avatarPayload(name: string, description: string) {
  return builder.objectRef<{ readonly avatar: Avatar }>(name).implement({
    description,
    fields: (t) => ({
      avatar: t.expose('avatar', { type: AvatarNode, description: 'Current state of the avatar.' }),
    }),
  });
}

export async function avatarAfter(
  context: Context,
  info: GraphQLResolveInfo,
  result: Result<{ readonly avatarId: string } | { readonly dryRun: DryRun }, RefusalCode>,
): Promise<{ avatar: Avatar }> {
  const { avatarId: id } = unlessDryRun(result);
  const avatar = await context.rows.avatar(viewerOf(context).ownerId, id, columnsFor(info).Avatar);
  return { avatar: avatar ?? refuseNotFound('The avatar has been deleted.') };
}

export function generationPayload(name: string, description: string) {
  return builder.objectRef<{ readonly generation: Generation }>(name).implement({
    description,
    fields: (t) => ({
      generation: t.expose('generation', {
        type: GenerationNode,
        description: 'Current state of the generation.',
      }),
    }),
  });
}

export async function generationAfter(
  context: Context,
  info: GraphQLResolveInfo,
  result: Result<{ readonly generationId: string } | { readonly dryRun: DryRun }, RefusalCode>,
): Promise<{ generation: Generation }> {
  const { generationId: id } = unlessDryRun(result);
  const columns = columnsFor(info).Generation;
  const generation = await context.rows.generation(viewerOf(context).ownerId, id, columns);
  return { generation: generation ?? refuseNotFound('The generation has been deleted.') };
}
