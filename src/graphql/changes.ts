import { badInput, codedError } from './errors.ts';
import type { GraphQLError } from 'graphql';
import { AvatarNode } from './avatar.ts';
import { builder, viewerOf } from './builder.ts';
import { columnsFor } from './columns.ts';
import { cursorOf, positionIn } from './change-cursor.ts';
import { GenerationNode } from './generation.ts';
import { openStream } from './stream.ts';
import { watchChanges, type ChangeEvent } from '../live/watch-changes.ts';
import type { Avatar } from '../generated/prisma/client.ts';
import type { GenerationRow } from './reads.ts';

type Event = ChangeEvent<Avatar | GenerationRow>;
type Kind<Name extends Event['kind']> = Extract<Event, { kind: Name }>;

const ChangeEventInterface = builder.interfaceRef<Event>('ChangeEvent').implement({
  description: 'An event of `changes`.',
  fields: (t) => ({
    cursor: t.string({
      description:
        'Cursor of this event. Pass it as `after` to `changes` to continue with the next event, on any instance of the server.',
      resolve: ({ position }, _args, context) => cursorOf(viewerOf(context).ownerId, position),
    }),
  }),
});

const CaughtUp = builder.objectRef<Kind<'caught-up'>>('CaughtUp').implement({
  description: 'All changes before the subscription have been sent. Sent once.',
  interfaces: [ChangeEventInterface],
  isTypeOf: (event) => (event as Event).kind === 'caught-up',
});

const AvatarChanged = builder.objectRef<Kind<'changed'>>('AvatarChanged').implement({
  description: 'An avatar was created or changed.',
  interfaces: [ChangeEventInterface],
  fields: (t) => ({
    avatar: t.field({
      type: AvatarNode,
      description: 'State of the avatar after this change, or after a later one.',
      resolve: ({ row }) => row as Avatar,
    }),
  }),
});

const AvatarDeleted = builder.objectRef<Kind<'deleted'>>('AvatarDeleted').implement({
  description: 'An avatar was deleted. May be sent more than once.',
  interfaces: [ChangeEventInterface],
  fields: (t) => ({ avatarId: t.exposeID('entityId', { description: 'ID of the deleted avatar.' }) }),
});

const GenerationChanged = builder.objectRef<Kind<'changed'>>('GenerationChanged').implement({
  description: 'A generation was created or changed.',
  interfaces: [ChangeEventInterface],
  fields: (t) => ({
    generation: t.field({
      type: GenerationNode,
      description: 'State of the generation after this change, or after a later one.',
      resolve: ({ row }) => row as GenerationRow,
    }),
  }),
});

const GenerationDeleted = builder.objectRef<Kind<'deleted'>>('GenerationDeleted').implement({
  description:
    'A generation was deleted, alone or with its avatar, or fal refused to start it. May be sent more than once.',
  interfaces: [ChangeEventInterface],
  fields: (t) => ({
    generationId: t.exposeID('entityId', { description: 'ID of the deleted generation.' }),
  }),
});

const Change = builder.unionType('Change', {
  description:
    'A change of one of the caller’s avatars or generations, or `CaughtUp` after the earlier changes.',
  types: [CaughtUp, AvatarChanged, AvatarDeleted, GenerationChanged, GenerationDeleted],
  resolveType: (event: Event) => {
    if (event.kind === 'caught-up') return CaughtUp;
    const isAvatar = isAvatarId(event.kind === 'changed' ? event.row.id : event.entityId);
    if (event.kind === 'changed') return isAvatar ? AvatarChanged : GenerationChanged;
    return isAvatar ? AvatarDeleted : GenerationDeleted;
  },
});

function isAvatarId(id: string): boolean {
  return id.startsWith('avt_');
}

builder.subscriptionField('changes', (t) =>
  t.field({
    type: Change,
    description:
      'Sends every change of the caller’s avatars and generations, deletions included. With `after`, begins after that event, then sends `CaughtUp`. Without it, sends `CaughtUp` first and then every change from now on: read the lists after it. Changes of one object in quick succession may arrive as one event; its versions only increase.',
    args: {
      after: t.arg.string({
        description:
          'Cursor of the last event that the caller has processed. Valid until a change after it is a week old; then the subscription is refused with CURSOR_EXPIRED: read the lists again.',
      }),
    },
    subscribe: (_root, { after }, context, info) => {
      const { ownerId } = viewerOf(context);
      const position = after == null ? null : positionIn(after, ownerId);
      if (after != null && position === null) throw badInput('after: expected a cursor of `changes`.');
      const { rows, changes, notifications } = context;
      const columns = columnsFor(info);
      return openStream<Event>(context, () =>
        watchChanges<Avatar | GenerationRow>({
          listen: notifications.listen('changesOf', ownerId),
          log: changes,
          ownerId,
          after: position,
          read: (id) =>
            isAvatarId(id)
              ? rows.avatar(ownerId, id, [...columns.Avatar, 'version'])
              : rows.generation(ownerId, id, [...columns.Generation, 'version']),
          onForgotten: cursorExpired,
        }),
      );
    },
    resolve: (event) => event,
  }),
);

function cursorExpired(): GraphQLError {
  return codedError(
    'CURSOR_EXPIRED',
    'The cursor has expired: subscribe without `after`, and read the avatars and generations again.',
  );
}
