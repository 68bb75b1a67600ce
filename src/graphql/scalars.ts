import { builder } from './builder.ts';
import { GraphQLError } from 'graphql';

builder.scalarType('DateTime', {
  description: 'Timestamp in RFC 3339 format, UTC, with milliseconds: `2026-11-23T08:30:00.000Z`.',
  // A row that was read for the API has the text already.
  serialize: (value) => (typeof value === 'string' ? value : value.toISOString()),
  parseValue: () => {
    throw new GraphQLError('DateTime cannot be used as an input.');
  },
});

builder.scalarType('Date', {
  description: 'Calendar day in UTC: `2026-11-23`.',
  serialize: (value) => value,
  // The field that takes it refuses other texts with a code.
  parseValue: (value) => {
    if (typeof value === 'string') return value;
    throw new GraphQLError('Date: expected a text such as 2026-11-23.');
  },
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: () => {
    throw new GraphQLError('JSON cannot be used as an input.');
  },
});
