import { z } from 'zod';
import type { Copy } from './copies.ts';
import { COPY_NAME } from './copy-folders.ts';
import type { Asker } from './lock-socket.ts';

const requestSchema = z.object({ copy: z.literal(true) });
const replySchema = z.union([
  z.object({ copy: z.string().regex(COPY_NAME) }),
  z.object({ error: z.string() }),
]);
type Reply = z.infer<typeof replySchema>;

/** Asks the process that has the data folder for a copy of its database, in that folder. */
export const COPY_REQUEST = JSON.stringify({ copy: true } satisfies z.infer<typeof requestSchema>);

/**
 * A copy that another process asked for over the data folder's lock; see data-dir-request.ts. It stays until the asker
 * has gone, who is hung up on when it is taken back. Never rejects: the answer says what went wrong.
 */
export async function copyOnRequest(
  copy: (gone: AbortSignal) => Promise<Copy>,
  request: string,
  { gone, hangUp }: Asker,
): Promise<string> {
  let reply: Reply;
  try {
    requestSchema.parse(JSON.parse(request));
    const { name, takenBack } = await copy(gone);
    takenBack.addEventListener('abort', hangUp, { once: true });
    reply = { copy: name };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  return JSON.stringify(reply);
}

/** The name of the copy in the data folder. Throws with the holder's words when there is none. */
export function copyIn(answer: string): string {
  const reply = replySchema.parse(JSON.parse(answer));
  if ('error' in reply) throw new Error(`The server made no copy of its database: ${reply.error}`);
  return reply.copy;
}
