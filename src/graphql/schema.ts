import './scalars.ts';
import './refusals.ts';
import './trainer.ts';
import './generation.ts';
import './avatar.ts';
import './training.ts';
import './changes.ts';
import './queries.ts';
import './image-mutations.ts';
import './mutations.ts';
import './delete-avatar.ts';
import './photo-set.ts';
import './photo-mutations.ts';
import './generation-mutations.ts';
import './import-avatar.ts';
import './promote.ts';
import './usage.ts';
import './stream-ticket.ts';
import { builder } from './builder.ts';
import { BUILT_IN, type Catalog } from '../catalog/catalog.ts';
import { descriptionOf } from './trainer.ts';
import { extendSchema, isObjectType, Kind, type GraphQLSchema } from 'graphql';

/** With the built-in trainers. Each import above adds its types to the builder. */
export const schema = withPlainIds(builder.toSchema());

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
        values: added.map((row) => ({
          kind: Kind.ENUM_VALUE_DEFINITION,
          name: { kind: Kind.NAME, value: row.name },
          description: { kind: Kind.STRING, value: descriptionOf(row) },
        })),
      },
    ],
  });
}

/** A row's ID is its node ID. Pothos's asynchronous resolver for node IDs costs more than all other fields of a row. */
function withPlainIds(built: GraphQLSchema): GraphQLSchema {
  for (const name of ['Avatar', 'Generation', 'Training']) {
    const type = built.getType(name);
    const id = isObjectType(type) ? type.getFields()['id'] : undefined;
    if (id === undefined) throw new Error(`${name} has no id`);
    delete id.resolve;
    id.extensions = { ...id.extensions, pothosExposedField: 'id' };
  }
  return built;
}
