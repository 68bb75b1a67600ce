import { idsIn } from './history.ts';
import type { TypedDocumentString } from '../../src/generated/contract/graphql.ts';

/** Longer than any answer may take: a submit waits half a minute for fal, and its repeats wait for it. */
const ANSWER_MS = 60_000;

/** `unsent`: it is certain that the server never got it. `unknown`: anything may have become of it. */
export type Reply<R> =
  | { readonly kind: 'answer'; readonly data: R; readonly ids: readonly string[] }
  | { readonly kind: 'unsent' }
  | { readonly kind: 'unknown'; readonly why: string };

export async function call<R, V>(
  graphqlUrl: string,
  token: string,
  { document, variables }: { document: TypedDocumentString<R, V>; variables: NoInfer<V> },
): Promise<Reply<R>> {
  try {
    const response = await fetch(graphqlUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query: document.toString(), variables }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    const body = JSON.parse(text) as { readonly data?: R | null; readonly errors?: readonly unknown[] };
    if (body.data == null || body.errors !== undefined)
      return { kind: 'unknown', why: `HTTP ${response.status} ${JSON.stringify(body.errors)}` };
    return { kind: 'answer', data: body.data, ids: idsIn(text) };
  } catch (error) {
    const code = (error as { readonly cause?: { readonly code?: string } }).cause?.code;
    return code === 'ECONNREFUSED' ? { kind: 'unsent' } : { kind: 'unknown', why: code ?? String(error) };
  }
}
