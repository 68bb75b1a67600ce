// A plugin of graphql-codegen: operations as strings, without what GraphQL ignores, each fragment written once.
import { Kind, print, stripIgnoredCharacters, visit } from 'graphql';

const KINDS = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };

/** @type {import('@graphql-codegen/plugin-helpers').PluginFunction} */
export function plugin(_schema, sources) {
  const definitions = sources.flatMap(({ document }) => document?.definitions ?? []);
  const fragments = new Map(
    definitions
      .filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return {
    prepend: ["import type { TypedDocument } from '../typed-document.ts';"],
    content: [
      ...[...fragments].map(([name, fragment]) => `export const ${name} = ${textOf(fragment)};`),
      ...operations.map((operation) => {
        const { value: name } = operation.name;
        const type = `${name}${KINDS[operation.operation]}`;
        const text = [textOf(operation), ...fragmentsOf(operation, fragments)].join(' + ');
        return `export const ${name}Document = (${text}) as TypedDocument<${type}, ${type}Variables>;`;
      }),
    ].join('\n\n'),
  };
}

function textOf(definition) {
  return `'${stripIgnoredCharacters(print(definition)).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The names of the fragments that a definition spreads, and of those that they spread. */
function fragmentsOf(definition, fragments, found = new Set()) {
  visit(definition, {
    FragmentSpread({ name: { value: name } }) {
      if (found.has(name)) return;
      found.add(name);
      fragmentsOf(fragments.get(name), fragments, found);
    },
  });
  return found;
}
