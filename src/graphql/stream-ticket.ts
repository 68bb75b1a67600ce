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
            'The ticket, for the URL parameter `ticket`. Anyone with the ticket can read the caller’s subscriptions.',
        }),
        expiresAt: payload.expose('expiresAt', {
          type: 'DateTime',
          description: 'Time at which the ticket expires. Streams that were opened before stay open.',
        }),
      }),
    }),
    description:
      'Creates a ticket that opens event streams without a bearer token, for a browser’s `EventSource`, which cannot send headers: `GET /graphql?query=…&variables=…&ticket=…`. The ticket is valid for one minute, repeatedly, and for subscriptions only. The streams end when the token of this call expires.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    resolve: (_root, _args, context) => context.streamTickets.create(viewerOf(context)),
  }),
);
