/** PostgreSQL's SQLSTATEs: no connection, no room, too slow, stopping or starting, read-only standby, deadlock. */
const SQL_STATES = /^(?:08...|53[1-4]00|57014|57P0[1-5]|25006|40001|40P01)$/;
/** Of sockets, and Prisma's: unreachable, timed out, closed, no free connection, no transaction in time, deadlock. */
const CODES =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|P1001|P1002|P1008|P1017|P2024|P2028|P2034)$/;
/** Of Prisma's driver adapter. */
const KINDS = /^(?:DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections)$/;
/** node-postgres and its pool have no codes for these. */
const MESSAGES =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

/**
 * Whether the database could not be reached, or does not work at present, so that the same call may succeed later. The
 * call may have been saved: the answer to its COMMIT may be lost.
 */
export function isOutage(error: unknown): boolean {
  if (!isRecord(error)) return false;
  const { code, message } = error;
  const isKnown =
    (typeof code === 'string' && (CODES.test(code) || SQL_STATES.test(code))) ||
    (error instanceof Error && MESSAGES.test(String(message)));
  return isKnown || isOutageOfAdapter(error['meta']);
}

/** Prisma puts the adapter's error in `meta` of its own. */
function isOutageOfAdapter(meta: unknown): boolean {
  const adapterError = isRecord(meta) ? meta['driverAdapterError'] : undefined;
  const cause = isRecord(adapterError) ? adapterError['cause'] : undefined;
  if (!isRecord(cause)) return false;
  const { kind, originalCode } = cause;
  return KINDS.test(String(kind)) || SQL_STATES.test(String(originalCode));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
