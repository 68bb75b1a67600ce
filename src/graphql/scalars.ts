import { builder } from './builder.ts';
import { GraphQLError } from 'graphql';

builder.scalarType('DateTime', {
  description: 'A point in time as RFC 3339 writes it, in UTC with milliseconds: `2026-11-23T08:30:00.000Z`.',
  serialize: (value) => value.toISOString(),
  parseValue: () => {
    throw new GraphQLError('DateTime is only ever an output.');
  },
});

builder.scalarType('JSON', {
  description: 'Any JSON value, as it came.',
  serialize: (value) => value,
  parseValue: () => {
    throw new GraphQLError('JSON is only ever an output.');
  },
});
