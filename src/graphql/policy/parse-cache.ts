import { LRUCache } from 'lru-cache';
import type { DocumentNode } from 'graphql';

/** In characters of their texts. Parsed, a character takes up to 450 bytes, so that is 45 MB at most. */
const MAX_TEXT = 100_000;

/**
 * An LRU cache of parsed documents: clients send the same few again and again, and all at once after a restart. What
 * validation says of one is kept with it by Yoga, for as long as it is kept here.
 *
 * Bounded by size, not by number: whoever can reach the server can send documents, each of another text, and a few
 * kilobytes of them become a megabyte. The key is the whole text, and nothing of the asker goes in.
 */
export class ParseCache extends LRUCache<string, DocumentNode> {
  constructor() {
    // A document has at least one character; the cache takes no size of zero.
    super({ maxSize: MAX_TEXT, sizeCalculation: (_document, text) => text.length });
  }
}
