import type { DocumentNode } from 'graphql';

/** In characters of their texts. Parsed, a character takes up to 450 bytes, so that is 45 MB at most. */
const MAX_TEXT = 100_000;

/**
 * The documents that were asked for last, parsed: clients send the same few again and again, and all at once after a
 * restart. What validation says of one is kept with it by Yoga, for as long as it is kept here.
 *
 * Bounded by size, not by number: whoever can reach the server can send documents, each of another text, and a few
 * kilobytes of them become a megabyte. The key is the whole text, and nothing of the asker goes in.
 */
export class KnownDocuments {
  /** The one used longest ago first. */
  readonly #documents = new Map<string, DocumentNode>();
  #size = 0;

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text);
    if (document === undefined) return undefined;
    this.#documents.delete(text);
    this.#documents.set(text, document);
    return document;
  }

  set(text: string, document: DocumentNode): void {
    if (text.length > MAX_TEXT) return;
    if (!this.#documents.has(text)) this.#size += text.length;
    this.#documents.delete(text);
    this.#documents.set(text, document);
    for (const oldest of this.#documents.keys()) {
      if (this.#size <= MAX_TEXT) return;
      this.#documents.delete(oldest);
      this.#size -= oldest.length;
    }
  }
}
