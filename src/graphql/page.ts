import { badInput } from './builder.ts';
import { isId } from '../jobs/identity.ts';
import { isObjectType, type GraphQLSchema } from 'graphql';

/** The most that one page of a connection holds. */
export const MAX_PAGE = 100;

type PageArguments = {
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly before?: string | null;
};

/** Makes every connection of the schema look at what page it is asked for before anything else does. */
export function checkPages(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const isConnection =
        field.args.some(({ name }) => name === 'first') && field.type.toString().includes('Connection');
      const { resolve } = field;
      if (!isConnection || resolve === undefined) continue;
      field.resolve = (parent: unknown, args: PageArguments, context: unknown, info) => {
        checkPage(args);
        return resolve(parent, args, context, info);
      };
    }
  }
  return schema;
}

/** Throws INVALID_INPUT for a page that is larger than allowed, negative, asked for from both ends, or begins nowhere. */
function checkPage({ first, last, after, before }: PageArguments): void {
  for (const [name, value] of Object.entries({ first, last })) {
    if (value != null && (value < 0 || value > MAX_PAGE)) {
      throw badInput(`${name}: expected a whole number from 0 to ${MAX_PAGE}, got ${value}.`);
    }
  }
  if (first != null && last != null) throw badInput('first and last: expected one of them, got both.');
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor != null && !isCursor(cursor)) throw badInput(`${name}: expected a cursor that a page gave.`);
  }
}

/** The plugin writes cursors as base64 of `GPC:S:` and the row's id. */
function isCursor(text: string): boolean {
  const [kind, type, id = ''] = Buffer.from(text, 'base64').toString('utf8').split(':');
  return kind === 'GPC' && type === 'S' && isId(id);
}
