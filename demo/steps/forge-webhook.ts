import type { AvatarState } from '../watch-avatar.ts';
import type { Context } from '../context.ts';

/**
 * Sends a failure with the secret callback URL and the request_id of a training, but with a forged signature.
 * @returns the server's HTTP status; null: no response
 */
export async function forgeWebhook(
  { services: { simulator } }: Pick<Context, 'services'>,
  { falRequestId }: Pick<AvatarState, 'falRequestId'>,
): Promise<number | null> {
  const submit = simulator.requests().find(({ requestId }) => requestId === falRequestId);
  if (submit?.webhookUrl == null || submit.requestId === null)
    throw new Error('The training has no callback URL');
  return simulator.deliver({
    url: submit.webhookUrl,
    requestId: submit.requestId,
    body: { request_id: submit.requestId, status: 'ERROR', error: 'forged', payload: { detail: 'forged' } },
    signature: 'forged',
  });
}
