import { exchange, type HttpResponse } from './http-exchange.ts';

/** An answer, whatever it was. */
type RawGraphqlAnswer = HttpResponse & { readonly codes: readonly unknown[] };

function answerOf({ status, headers, text }: HttpResponse): RawGraphqlAnswer {
  let codes: unknown[] = [];
  try {
    const body = JSON.parse(text) as { errors?: { extensions?: { code?: unknown } }[] };
    codes = (body.errors ?? []).map(({ extensions }) => extensions?.code);
  } catch {
    // Not every refusal is JSON.
  }
  return { status, headers, text, codes };
}

/** Sends what no client would, as somebody with a token or, with null, without. */
export function rawCaller(graphqlUrl: string, token: string | null) {
  const headers = {
    'content-type': 'application/json',
    connection: 'close',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  /** As pages do: with forms, too. */
  const send = async (init: RequestInit, path = ''): Promise<RawGraphqlAnswer> => {
    const response = await fetch(`${graphqlUrl}${path}`, init);
    return answerOf({ status: response.status, headers: response.headers, text: await response.text() });
  };
  const ask = async (query: string, more: object = {}): Promise<RawGraphqlAnswer> =>
    answerOf(await exchange(graphqlUrl, { headers, body: JSON.stringify({ query, ...more }) }));
  return { headers, send, ask };
}

export function repeated(count: number, part: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => part(index)).join(' ');
}
