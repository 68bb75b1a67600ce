/**
 * Files by key: photos, and copies of results. A key has parts of letters, digits, `.`, `_` and `-` between slashes, and
 * is made by this server, never by a caller.
 */
export interface FileStorage {
  /**
   * Stores a whole file or nothing: it is not visible before its last byte is written. Replaces a file of that key.
   *
   * @throws StorageFullError, StorageUnavailableError
   */
  put(key: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** The content in chunks, or a part of it; null when there is no such file. Rejects at a fault while it is read. */
  read(key: string, part?: FilePart): Promise<AsyncIterable<Uint8Array> | null>;
  /** In bytes; null when there is no such file. */
  size(key: string): Promise<number | null>;
  /** Deletes a file. No error when there is none. */
  delete(key: string): Promise<void>;
  /** Files whose key begins with the prefix, which is empty or ends with a slash; in no order. */
  list(prefix: string): AsyncIterable<StoredFile>;
}

/** Positions of its first and its last byte, which the file has. */
export type FilePart = { readonly first: number; readonly last: number };

export type StoredFile = { readonly key: string; readonly storedAt: Date };

/** There is no room for the file; nothing of it is stored. */
export class StorageFullError extends Error {
  override name = 'StorageFullError';
}

/** The storage cannot be reached, or refuses to work. The same call may succeed later. */
export class StorageUnavailableError extends Error {
  override name = 'StorageUnavailableError';
}

const KEY = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/;

export function isKey(key: string): boolean {
  return KEY.test(key);
}

/** @throws for a text that is no key */
export function requireKey(key: string): void {
  if (!isKey(key)) throw new Error(`${JSON.stringify(key)} is not a key of a file`);
}
