/** An answer, whatever it was. */
type RawGraphqlAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly codes: readonly unknown[];
};

async function answerOf(response: Response): Promise<RawGraphqlAnswer> {
  const text = await response.text();
  let codes: unknown[] = [];
  try {
    const body = JSON.parse(text) as { errors?: { extensions?: { code?: unknown } }[] };
    codes = (body.errors ?? []).map(({ extensions }) => extensions?.code);
  } catch {
    // Not every refusal is JSON.
  }
  return { status: response.status, headers: response.headers, text, codes };
}

/** Sends what no client would, as somebody with a token or, with null, without. */
export function rawCaller(graphqlUrl: string, token: string | null) {
  const headers = {
    'content-type': 'application/json',
    connection: 'close',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const send = async (init: RequestInit, path = ''): Promise<RawGraphqlAnswer> =>
    answerOf(await fetch(`${graphqlUrl}${path}`, init));
  const ask = (query: string, more: object = {}): Promise<RawGraphqlAnswer> =>
    send({ method: 'POST', headers, body: JSON.stringify({ query, ...more }) });
  return { headers, send, ask };
}

export function repeated(count: number, part: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => part(index)).join(' ');
}
