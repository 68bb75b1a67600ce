import * as z from 'zod';
import { AvatarNode, AvatarStatusEnum } from './avatar.ts';
import { badInput } from './errors.ts';
import { builder, viewerOf } from './builder.ts';
import { columnsFor } from './columns.ts';
import { connectionOf } from './policy/pagination.ts';
import { GenerationConnection, GenerationNode, GenerationStatusEnum } from './generation.ts';
import { isId } from '../jobs/ids.ts';
import { MAX_EXTERNAL_ID_LENGTH, parseInput, tag, text } from '../jobs/parse-input.ts';
import { TOTAL_COUNT } from './total-count.ts';
import { TrainingTypeEnum } from './trainer.ts';
import type { AvatarFilter } from './reads.ts';

const textFilters = z.object({
  externalId: text(MAX_EXTERNAL_ID_LENGTH).exactOptional(),
  tag: tag().exactOptional(),
});

type Given<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** Null means absent, as in an input. */
function avatarFilterOf({ externalId, tag, status, trainingType }: Given<AvatarFilter>): AvatarFilter {
  const parsed = parseInput(textFilters, { externalId, tag });
  if ('refused' in parsed) throw badInput(parsed.refused.message);
  return {
    ...parsed.done,
    ...(status == null ? {} : { status }),
    ...(trainingType == null ? {} : { trainingType }),
  };
}

builder.queryField('avatars', (t) =>
  t.connection(
    {
      type: AvatarNode,
      description:
        'Avatars of the caller that match all given filters, newest first. Page size: 20 by default, at most 100.',
      args: {
        status: t.arg({ type: AvatarStatusEnum, description: 'Only avatars with this status.' }),
        trainingType: t.arg({ type: TrainingTypeEnum, description: 'Only avatars of this training type.' }),
        externalId: t.arg.string({ description: 'Only the avatar with this external ID.' }),
        tag: t.arg.string({ description: 'Only avatars with this tag.' }),
      },
      resolve: async (_root, args, context, info) => {
        const { ownerId } = viewerOf(context);
        const { Avatar: columns, hasPageInfo } = columnsFor(info);
        const filter = avatarFilterOf(args);
        const { edges, pageInfo } = await connectionOf(args, 'avt', hasPageInfo, (rows) =>
          context.rows.avatarsOf(ownerId, rows, columns, filter),
        );
        return { edges, pageInfo, count: () => context.rows.countAvatarsOf(ownerId, filter) };
      },
    },
    {
      name: 'AvatarConnection',
      description: 'A page of avatars.',
      fields: (f) => ({ totalCount: f.int(TOTAL_COUNT) }),
    },
    { name: 'AvatarEdge', description: 'An avatar and its cursor.' },
  ),
);

builder.queryField('generations', (t) =>
  t.connection(
    {
      type: GenerationNode,
      description:
        'Generations of the caller that match all given filters, newest first. Page size: 20 by default, at most 100.',
      args: {
        avatarId: t.arg.id({ description: 'Only generations of this avatar.' }),
        status: t.arg({ type: GenerationStatusEnum, description: 'Only generations with this status.' }),
      },
      resolve: async (_root, args, context, info) => {
        const { ownerId } = viewerOf(context);
        const { Generation: columns, hasPageInfo } = columnsFor(info);
        const { avatarId, status } = args;
        const filter = {
          ...(avatarId == null ? {} : { avatarId }),
          ...(status == null ? {} : { status }),
        };
        const isEmpty = avatarId != null && !isId(avatarId);
        const { edges, pageInfo } = await connectionOf(args, 'gen', hasPageInfo, async (rows) =>
          isEmpty ? [] : context.rows.generationsOfOwner(ownerId, rows, columns, filter),
        );
        const count = async () => (isEmpty ? 0 : context.rows.countGenerationsOfOwner(ownerId, filter));
        return { edges, pageInfo, count };
      },
    },
    GenerationConnection,
  ),
);
