/** The code of an error of the system or of Node, such as ENOENT; empty when it has none. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
