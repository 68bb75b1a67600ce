import { badInput, viewerOf } from '../builder.ts';
import { isId } from '../../jobs/ids.ts';
import { isConnection } from './field-policy.ts';
import type { Context } from '../context.ts';
import { isObjectType, type GraphQLSchema } from 'graphql';

/** Maximum page size of a connection. */
export const MAX_PAGE = 100;

type PageArguments = {
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly before?: string | null;
};

/** Makes every connection of the schema check its page arguments first. */
export function checkPages(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (!isConnection(field) || resolve === undefined) continue;
      field.resolve = async (parent: unknown, args: PageArguments, context: Context, info) => {
        checkPage(args);
        await checkCursors(args, context);
        return await resolve(parent, args, context, info);
      };
    }
  }
  return schema;
}

function checkPage({ first, last }: PageArguments): void {
  for (const [name, value] of Object.entries({ first, last })) {
    if (value != null && (value < 0 || value > MAX_PAGE)) {
      throw badInput(`${name}: expected a whole number from 0 to ${MAX_PAGE}, got ${value}.`);
    }
  }
  if (first != null && last != null) throw badInput('first and last: expected one of them, got both.');
}

/**
 * Throws INVALID_INPUT for a cursor of another owner's row. The database would accept it as a position, and the page
 * after it would reveal that the row exists.
 */
async function checkCursors({ after, before }: PageArguments, context: Context): Promise<void> {
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor == null) continue;
    if (!(await isOwnOnce(cursor, context)))
      throw badInput(`${name}: expected the cursor of an existing entry.`);
  }
}

/** A nested connection checks the same cursor for every row of its parent. */
const checked = new WeakMap<Context, Map<string, Promise<boolean>>>();

function isOwnOnce(cursor: string, context: Context): Promise<boolean> {
  const known = checked.get(context) ?? new Map<string, Promise<boolean>>();
  checked.set(context, known);
  const answer = known.get(cursor) ?? isOwn(cursor, context);
  known.set(cursor, answer);
  return answer;
}

async function isOwn(cursor: string, context: Context): Promise<boolean> {
  const id = idIn(cursor);
  if (id === null) return false;
  const where = { id, ownerId: viewerOf(context).ownerId };
  return (
    (await context.prisma.avatar.count({ where })) > 0 ||
    (await context.prisma.generation.count({ where })) > 0
  );
}

/** Pothos encodes cursors as base64 of `GPC:S:` and the row's ID. Null for other texts. */
function idIn(cursor: string): string | null {
  const [kind, type, id = ''] = Buffer.from(cursor, 'base64').toString('utf8').split(':');
  return kind === 'GPC' && type === 'S' && isId(id) ? id : null;
}
