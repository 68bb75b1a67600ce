import './scalars.ts';
import './refusals.ts';
import './trainer.ts';
import './generation.ts';
import './avatar.ts';
import './training.ts';
import './changes.ts';
import './lists.ts';
import './avatar-mutations.ts';
import './training-mutations.ts';
import './photo-set.ts';
import './photo-mutations.ts';
import './generation-mutations.ts';
import './usage.ts';
import './stream-ticket.ts';
import { builder } from './builder.ts';
import { BUILT_IN, type Catalog } from '../catalog/catalog.ts';
import { descriptionOf } from './trainer.ts';
import { extendSchema, isObjectType, Kind, type GraphQLSchema } from 'graphql';

/**
 * Fields whose value is the property of their name. A resolver would cost more than the rest of the field, which a page
 * has a hundred times: Pothos's resolver for node IDs is asynchronous, and every call of a resolver makes a path.
 */
const PROPERTIES: readonly (readonly [type: RegExp, field: string])[] = [
  [/^(?:Avatar|Generation|Training)$/, 'id'],
  [/Connection$/, 'edges'],
  [/Connection$/, 'pageInfo'],
  [/Edge$/, 'node'],
];

/** With the built-in trainers. Each import above adds its types to the builder. */
export const schema = withProperties(builder.toSchema());

/** With all trainers of a catalog. */
export function schemaFor({ trainers }: Catalog): GraphQLSchema {
  const added = trainers.filter(({ name }) => BUILT_IN.trainer(name) === null);
  if (added.length === 0) return schema;
  return extendSchema(schema, {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.ENUM_TYPE_EXTENSION,
        name: { kind: Kind.NAME, value: 'Trainer' },
        values: added.map((trainer) => ({
          kind: Kind.ENUM_VALUE_DEFINITION,
          name: { kind: Kind.NAME, value: trainer.name },
          description: { kind: Kind.STRING, value: descriptionOf(trainer) },
        })),
      },
    ],
  });
}

function withProperties(built: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(built.getTypeMap()).filter(isObjectType)) {
    for (const [types, name] of PROPERTIES) {
      const field = types.test(type.name) ? type.getFields()[name] : undefined;
      if (field === undefined) continue;
      delete field.resolve;
      field.extensions = { ...field.extensions, pothosExposedField: name };
    }
  }
  return built;
}
