import { isObjectType, type GraphQLField, type GraphQLSchema } from 'graphql';

/** Declared by every mutation, for the limits on operations. */
export type FieldPolicy = {
  /** Whether it starts a paid run at fal. */
  readonly startsRun: boolean;
  /** Of a field that stands for several calls. */
  readonly batch?: Batch;
};

/** The list in `input` with an entry for each call, and the maximum of its entries. */
export type Batch = { readonly list: string; readonly max: number };

/** Declared by every list of objects that is no connection. */
export type ListPolicy = {
  readonly maxEntries: number;
  /** Whether an entry is a whole row, as in a connection. */
  readonly ofRows?: true;
};

/** Declared by a field that counts the rows of a list. */
export type CountPolicy = { readonly countsRows: true };

/** Declared by a field with a URL that expires: the same row has another one later. */
export type ExpiryPolicy = { readonly expires: true };

/** Declared by a subscription whose events may cost more than those of others. */
export type EventPolicy = { readonly maxEventCost: number };

type Field = GraphQLField<unknown, unknown>;
type Policies = Partial<FieldPolicy & ListPolicy & CountPolicy & ExpiryPolicy & EventPolicy>;

/** None for a field that does not exist. */
export function policiesOf(field: Field | undefined): Policies {
  return (field?.extensions ?? {}) as Policies;
}

/** Whether a field is a Relay cursor connection. */
export function isConnection({ args, type }: Field): boolean {
  return args.some(({ name }) => name === 'first') && /Connection!?$/.test(type.toString());
}

/** Names of the fields with a URL that expires. */
export function expiringFields(schema: GraphQLSchema): readonly string[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()))
    .filter((field) => policiesOf(field).expires === true)
    .map(({ name }) => name);
}
