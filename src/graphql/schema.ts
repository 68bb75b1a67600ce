import './scalars.ts';
import './refusals.ts';
import './trainer.ts';
import './generation.ts';
import './avatar.ts';
import './training.ts';
import './queries.ts';
import './image-mutations.ts';
import './mutations.ts';
import './generation-mutations.ts';
import './promote.ts';
import { builder } from './builder.ts';
import { isObjectType, type GraphQLSchema } from 'graphql';

/** Each import above adds its types to the builder. */
export const schema = withPlainIds(builder.toSchema());

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
