import { TypeInfo, visit, visitWithTypeInfo, type GraphQLField, type GraphQLResolveInfo } from 'graphql';
import type { AvatarRow, GenerationRow, TrainingRow } from './reads.ts';

type Rows = {
  readonly Avatar: AvatarRow;
  readonly Generation: GenerationRow;
  readonly Training: TrainingRow;
};
type Columns = { readonly [Type in keyof Rows]: readonly (keyof Rows[Type])[] } & {
  /** Whether it asks for the position of a page, which takes one row more. */
  readonly hasPageInfo: boolean;
};
type Operation = Pick<GraphQLResolveInfo, 'operation' | 'fragments' | 'schema'>;

/** Declares the columns that a field of a row needs, unless it exposes the one of its name. */
export function needs<Type extends keyof Rows>(
  _type: Type,
  ...columns: (keyof Rows[Type])[]
): { readonly columns: readonly (keyof Rows[Type])[] } {
  return { columns };
}

const known = new WeakMap<object, Columns>();

/** Columns that an operation needs, with every fragment of its document and whatever its variables skip. */
export function columnsFor(info: Operation): Columns {
  const columns = known.get(info.operation) ?? columnsIn(info);
  known.set(info.operation, columns);
  return columns;
}

function columnsIn({ operation, fragments, schema }: Operation): Columns {
  const columns: Readonly<Record<keyof Rows, Set<string>>> = {
    Avatar: new Set(),
    Generation: new Set(),
    Training: new Set(),
  };
  let hasPageInfo = false;
  const typeInfo = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(typeInfo, {
    Field() {
      const name = typeInfo.getParentType()?.name ?? '';
      if (name === 'PageInfo') hasPageInfo = true;
      const field = typeInfo.getFieldDef();
      if (field == null || field.name === '__typename') return;
      const part = PARTS[name];
      if (part !== undefined) for (const column of declaredBy(field) ?? []) columns[part].add(column);
      if (isRow(name)) for (const column of columnsOfField(field)) columns[name].add(column);
    },
  });
  visit(operation, visitor);
  for (const fragment of Object.values(fragments)) visit(fragment, visitor);
  return {
    Avatar: [...columns.Avatar],
    Generation: [...columns.Generation],
    Training: [...columns.Training],
    hasPageInfo,
  } as unknown as Columns;
}

/** Types of which a row has several, and the row. Their fields may need columns of it. */
const PARTS: Readonly<Record<string, keyof Rows>> = { Image: 'Generation', LoraArtifact: 'Training' };

function isRow(type: string | undefined): type is keyof Rows {
  return type === 'Avatar' || type === 'Generation' || type === 'Training';
}

function columnsOfField(field: GraphQLField<unknown, unknown>): readonly string[] {
  const { pothosExposedField: exposed } = field.extensions;
  const columns = typeof exposed === 'string' ? [exposed] : declaredBy(field);
  if (columns === null) throw new Error(`${field.name}: declare its columns with needs()`);
  return columns;
}

function declaredBy({ extensions }: GraphQLField<unknown, unknown>): readonly string[] | null {
  const { columns } = extensions;
  return Array.isArray(columns) ? (columns as string[]) : null;
}
