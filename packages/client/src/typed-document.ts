/** The text of an operation, with the types of its data and variables. */
export type TypedDocument<Data, Variables> = string & Typed<Data, Variables>;

/** What `query` and `mutate` take: a TypedDocument, or a TypedDocumentString of GraphQL Code Generator. */
export type AnyDocument<Data, Variables> = { toString(): string } & Typed<Data, Variables>;

type Typed<Data, Variables> = { readonly __apiType?: (variables: Variables) => Data };
