import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isObjectType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLSchema,
} from 'graphql';
import { randomFor } from './prng.ts';

/** Names that are not names of plain properties everywhere. */
const NAMES = ['__proto__', 'a', 'a_a', 'constructor', 'toString', 'then', 'length', '__x', 'hasOwnProperty'];
const MAX_DEPTH = 5;

/** Days are texts, which no compiled query has. */
const isDate = ({ type }: GraphQLArgument) => getNamedType(type).name === 'Date';

/**
 * A random query with aliases, fragments, conditions and variables. Most, but not all, are valid: two fields of one alias
 * may conflict.
 *
 * @param ids values of arguments of type ID
 */
export function randomQuery(schema: GraphQLSchema, seed: string, ids: readonly string[]) {
  const random = randomFor(seed);
  const hasConditions = random.chance(0.1);
  const hasTexts = random.chance(0.1);
  const variables: Record<string, unknown> = {};
  const definitions = new Map<string, string>();
  const fragments: { readonly name: string; readonly on: string; readonly text: string }[] = [];
  let count = 0;

  /** A new variable, or one of the same type. */
  function variable(type: string, value: () => unknown): string {
    const same = [...definitions].filter(([, definition]) => definition.split(' ', 1)[0] === type);
    if (same.length > 0 && random.chance(0.4)) return `$${random.pick(same)[0]}`;
    const name = `${random.pick(NAMES.slice(hasTexts ? 0 : 1))}${random.chance(0.2) ? '' : (count += 1)}`;
    if (definitions.has(name)) return variable(type, value);
    const hasDefault =
      random.chance(0.4) && (type.startsWith('ID') ? hasTexts : !isEnumType(schema.getType(type)));
    definitions.set(name, hasDefault ? `${type} = ${JSON.stringify(value())}` : type);
    if ((type.endsWith('!') && !hasDefault) || random.chance(0.5)) variables[name] = value();
    return `$${name}`;
  }

  function argument({ name, type }: GraphQLArgument): string[] {
    const named = getNamedType(type);
    const of = named.name;
    if (isEnumType(named)) {
      const value = () => random.pick(named.getValues()).name;
      if (random.chance(0.6)) return [];
      return [`${name}: ${random.chance(0.3) ? value() : variable(of, value)}`];
    }
    if (!['ID', 'Int', 'String'].includes(of)) throw new Error(`There are no values of ${of} yet`);
    const isId = of === 'ID';
    if (of === 'String' || (!isId && random.chance(0.6))) return [];
    const value = () => (isId ? random.pick(ids) : random.between(0, 3));
    const isInText = isId ? hasTexts : random.chance(0.5);
    const given = isInText
      ? JSON.stringify(value())
      : variable(isId ? 'ID!' : random.pick(['Int', 'Int!']), value);
    return [`${name}: ${given}`];
  }

  function condition(): string {
    if (!hasConditions || random.chance(0.7)) return '';
    const value = () => random.chance(0.5);
    const given = random.chance(0.3) ? String(value()) : variable('Boolean!', value);
    return ` @${random.pick(['skip', 'include'])}(if: ${given})`;
  }

  function fragment(type: GraphQLCompositeType, depth: number): string {
    const known = fragments.filter(({ on }) => on === type.name);
    if (known.length > 0 && random.chance(0.6)) return random.pick(known).name;
    const name = `${random.pick(NAMES)}${(count += 1)}`;
    const text = `fragment ${name} on ${type.name} ${selections(type, depth)}`;
    fragments.push({ name, on: type.name, text });
    return name;
  }

  function field(type: GraphQLCompositeType, depth: number): string {
    const all = isUnionType(type)
      ? []
      : Object.values(type.getFields()).filter(({ args }) => !args.some(isDate));
    const nested = all.filter((one) => isCompositeType(getNamedType(one.type)));
    const leaves = all.filter((one) => !nested.includes(one));
    const from = depth > 0 && nested.length > 0 && random.chance(0.6) ? nested : leaves;
    if (from.length === 0) return '__typename';
    const { name, args, type: inner } = random.pick(from);
    const given = args.flatMap(argument).join(' ');
    const of = getNamedType(inner);
    // Fields with arguments would conflict.
    const alias =
      given === '' && random.chance(0.8)
        ? ''
        : `${random.pick(NAMES.slice(hasTexts ? 0 : 1))}${random.chance(0.1) ? '' : (count += 1)}: `;
    const rest = isCompositeType(of) ? ` ${selections(of, depth - 1)}` : '';
    return `${alias}${name}${given && `(${given})`}${condition()}${rest}`;
  }

  function selection(type: GraphQLCompositeType, depth: number): string {
    const kind = random.between(0, 9);
    if (kind === 0) return `...${fragment(type, depth - 1)}${condition()}`;
    if (kind === 1) return `...${condition()} ${selections(type, depth - 1)}`;
    if (kind === 2) return `__typename${condition()}`;
    if (kind < 6 && isAbstractType(type)) {
      const possible = random.pick(schema.getPossibleTypes(type));
      return `... on ${possible.name}${condition()} ${selections(possible, depth - 1)}`;
    }
    return field(type, depth);
  }

  function selections(type: GraphQLCompositeType, depth: number): string {
    if (depth < 0) return '{ __typename }';
    return `{ ${Array.from({ length: random.between(1, 4) }, () => selection(type, depth)).join(' ')} }`;
  }

  const query = schema.getQueryType();
  if (!isObjectType(query)) throw new Error('There are no queries');
  const body = selections(query, MAX_DEPTH);
  const declared = [...definitions].map(([name, definition]) => `$${name}: ${definition}`).join(' ');
  return {
    text: [`query${declared && ` (${declared})`} ${body}`, ...fragments.map(({ text }) => text)].join('\n'),
    variables,
  };
}
