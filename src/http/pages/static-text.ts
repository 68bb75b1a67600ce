import { brotliCompress, constants, gzip } from 'node:zlib';
import { createHash } from 'node:crypto';
import { isKnown } from '../files/if-none-match.ts';
import { promisify } from 'node:util';
import { Response } from '@whatwg-node/fetch';

/** Best first. Brotli's best quality would take half a minute for the playground. */
const COMPRESS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
};

type Encoding = keyof typeof COMPRESS;

/** A text that stays the same while the process runs. It is compressed once for each encoding, at the first request. */
export class StaticText {
  readonly #bytes: Buffer<ArrayBuffer>;
  /** Weak: one for all encodings. */
  readonly #etag: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #compressed: Partial<Record<Encoding, Promise<Buffer<ArrayBuffer>>>> = {};

  constructor(text: string, headers: Readonly<Record<string, string>>) {
    this.#bytes = Buffer.from(text);
    this.#etag = `W/"${createHash('sha256').update(this.#bytes).digest('base64url')}"`;
    this.#headers = { ...headers, etag: this.#etag, 'cache-control': 'no-cache', vary: 'Accept-Encoding' };
  }

  async responseTo(request: Pick<Headers, 'get'>): Promise<Response> {
    // A copy, to which Response adds the length. A 304 needs them all: a browser replaces those of its cached page.
    const headers = { ...this.#headers };
    if (isKnown(request.get('if-none-match'), this.#etag))
      return new Response(null, { status: 304, headers });
    const encoding = encodingFor(request.get('accept-encoding') ?? '');
    if (encoding === null) return new Response(this.#bytes, { headers });
    this.#compressed[encoding] ??= COMPRESS[encoding](this.#bytes);
    const bytes = await this.#compressed[encoding];
    return new Response(bytes, { headers: { ...headers, 'content-encoding': encoding } });
  }
}

/** The best encoding of an Accept-Encoding header. Null: not compressed. Only a weight of 0 has a meaning here. */
export function encodingFor(accepted: string): Encoding | null {
  const names = accepted
    .toLowerCase()
    .split(',')
    .map((one) => one.split(';').map((part) => part.trim()))
    .filter(([, weight = '']) => !/^q=0(?:\.0*)?$/.test(weight))
    .map(([name]) => name);
  return (Object.keys(COMPRESS) as Encoding[]).find((name) => names.includes(name)) ?? null;
}
