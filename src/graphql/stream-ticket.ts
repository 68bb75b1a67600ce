import { builder, viewerOf } from './builder.ts';
import type { FieldPolicy } from './policy/field-policy.ts';
import type { StreamTicket } from '../auth/stream-tickets.ts';

builder.mutationField('createStreamTicket', (t) =>
  t.field({
    type: builder.objectRef<StreamTicket>('CreateStreamTicketPayload').implement({
      description: 'A ticket for event streams.',
      fields: (payload) => ({
        ticket: payload.exposeString('ticket', {
          description:
            'The ticket, for the URL parameter `ticket`. Whoever has it may read the caller’s subscriptions.',
        }),
        expiresAt: payload.expose('expiresAt', {
          type: 'DateTime',
          description: 'Time at which the ticket expires. Streams that it has opened by then stay open.',
        }),
      }),
    }),
    description:
      'Creates a ticket that opens event streams instead of a bearer token, for a browser’s `EventSource`, which cannot send one: `GET /graphql?query=…&variables=…&ticket=…`. It is valid for a minute, as often as needed, and for subscriptions only. The streams end with the token of this call.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    resolve: (_root, _args, context) => context.streamTickets.create(viewerOf(context)),
  }),
);
