import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLOutputType,
} from 'graphql';
import { randomUUID } from 'node:crypto';
import { schema } from '../../src/graphql/schema.ts';
import type { Call } from './graphql-call.ts';

/** A place in the schema that takes an id: an argument, or a field of an input. */
export type Place = {
  /** Such as `mutation startTraining(input.avatarId)`. */
  readonly name: string;
  readonly operation: 'query' | 'mutation' | 'subscription';
  readonly field: string;
  readonly args: readonly GraphQLArgument[];
  readonly type: GraphQLOutputType;
  readonly path: readonly string[];
  readonly isCursor: boolean;
};

/** What else a field needs to be called at all, by the name of the argument. */
const NEEDED: Readonly<Record<string, unknown>> = {
  imagesUrl: 'https://photos.example/likeness.zip',
  prompt: 'tea',
  name: 'Ada',
  size: 1,
};

/** An external id is the caller's own text, and may be that of another owner too; a finetune is fal's. */
const NOT_OURS: ReadonlySet<string> = new Set(['externalId', 'finetuneId']);

/** An id of the same kind, and of the same moment, that names nothing. */
export function nobodys(id: string): string {
  return `${id.slice(0, 16)}${randomUUID()
    .replaceAll('-', '')
    .slice(0, id.length - 16)}`;
}

function places(): Place[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([operation, root]) =>
    Object.values(root?.getFields() ?? {}).flatMap(({ name: field, args, type }) =>
      args.flatMap((arg) =>
        idsIn(arg, []).map((path) => ({
          name: `${operation} ${field}(${path.join('.')})`,
          operation,
          field,
          args,
          type,
          path,
          isCursor: isCursor(path),
        })),
      ),
    ),
  );
}

/** Where an argument takes an id: it is of type ID, or named like one or like a cursor. */
function idsIn(input: GraphQLArgument | GraphQLInputField, above: readonly string[]): string[][] {
  const path = [...above, input.name];
  const type = getNamedType(input.type);
  if (isInputObjectType(type)) {
    if (above.length > 5) return [];
    return Object.values(type.getFields()).flatMap((field) => idsIn(field, path));
  }
  const isId = type.name === 'ID' || (/(^id|Ids?)$/.test(input.name) && !NOT_OURS.has(input.name));
  return isId || isCursor(path) ? [path] : [];
}

function isCursor(path: readonly string[]): boolean {
  return ['after', 'before'].includes(path.at(-1) ?? '');
}

/** Variables that put `value` at the place and something allowed wherever else something is needed. */
function variablesFor({ args, path }: Place, value: string): Record<string, unknown> {
  // The entries before a cursor are those at the end of the page that ends there.
  const page = path.at(-1) === 'before' ? { last: 50 } : {};
  return { ...valuesOf(args, path, value), ...page };
}

function valuesOf(
  inputs: readonly (GraphQLArgument | GraphQLInputField)[],
  path: readonly string[],
  value: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, type, defaultValue } of inputs) {
    const isOnPath = path[0] === name;
    const isNeeded = isNonNullType(type) && defaultValue === undefined;
    if (!isOnPath && !isNeeded) continue;
    const named = getNamedType(type);
    if (isOnPath && path.length === 1) values[name] = value;
    else if (isInputObjectType(named))
      values[name] = valuesOf(Object.values(named.getFields()), isOnPath ? path.slice(1) : [], value);
    else if (name in NEEDED) values[name] = NEEDED[name];
    else if (isEnumType(named)) values[name] = named.getValues()[0]?.name;
    else throw new Error(`What is "${name}" to be? Without it this place cannot be tried: say so in NEEDED.`);
  }
  return values;
}

/** Everything a type shows without arguments, some levels deep. */
function selection(type: GraphQLOutputType, levels: number): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  const objects = isObjectType(named) ? [named] : schema.getPossibleTypes(named);
  const parts = objects.map((object) => {
    // Under an interface two types may have fields of one name and different types.
    const alias = (field: string) => (isInterfaceType(named) ? `${object.name}_${field}: ${field}` : field);
    const fields = Object.values(object.getFields()).flatMap((field) => {
      if (field.args.some((arg) => isNonNullType(arg.type))) return [];
      if (isLeafType(getNamedType(field.type))) return [alias(field.name)];
      return levels > 1 ? [`${alias(field.name)} ${selection(field.type, levels - 1)}`] : [];
    });
    return `... on ${object.name} { ${['__typename', ...fields].join(' ')} }`;
  });
  return `{ __typename ${parts.join(' ')} }`;
}

function documentFor({ operation, field, args, type }: Place): string {
  const declared = args.map((arg) => `$${arg.name}: ${arg.type.toString()}`).join(', ');
  const given = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  // As much as fits into the limits on operations.
  const shown = selection(type, isInterfaceType(getNamedType(type)) ? 1 : 2);
  return `${operation} Walk(${declared}) { ${field}(${given}) ${shown} }`;
}

export function callOf(place: Place, id: string): Call {
  const value = place.isCursor ? cursorOf(id) : id;
  return { query: documentFor(place), variables: variablesFor(place, value) };
}

export function cursorOf(id: string): string {
  return Buffer.from(`GPC:S:${id}`).toString('base64');
}

export const PLACES: readonly Place[] = places();
