import { AvatarNode } from './avatar.ts';
import { builder, viewerOf } from './builder.ts';
import { columnsFor } from './columns.ts';
import { connectionOf } from './policy/pagination.ts';

builder.queryField('avatars', (t) =>
  t.connection(
    {
      type: AvatarNode,
      description: 'Avatars of the caller, newest first. Page size: 20 by default, at most 100.',
      resolve: (_root, args, context, info) => {
        const { Avatar: columns, hasPageInfo } = columnsFor(info);
        return connectionOf(args, 'avt', hasPageInfo, (page) =>
          context.rows.avatarsOf(viewerOf(context).ownerId, page, columns),
        );
      },
    },
    { name: 'AvatarConnection', description: 'A page of avatars.' },
    { name: 'AvatarEdge', description: 'An avatar and its cursor.' },
  ),
);
