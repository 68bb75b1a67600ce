import { LRUCache } from 'lru-cache';
import type { DocumentNode } from 'graphql';

/** In characters of text. A character takes up to 450 bytes when parsed, so the cache takes at most 45 MB. */
const MAX_TEXT = 100_000;

/**
 * An LRU cache of parsed documents by text, shared by all callers. Yoga keeps the validation result with the document.
 * Limited by size, because a parsed document takes far more memory than its text.
 */
export class ParseCache extends LRUCache<string, DocumentNode> {
  constructor() {
    // A document has at least one character; the cache takes no size of zero.
    super({ maxSize: MAX_TEXT, sizeCalculation: (_document, text) => text.length });
  }
}
