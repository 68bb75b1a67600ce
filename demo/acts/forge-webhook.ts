import type { AvatarState } from '../watch-avatar.ts';
import type { Scene } from '../scene.ts';

/**
 * Somebody who even knows the callback's secret address and the request_id says that the training failed, but cannot
 * sign as fal does. @returns the server's HTTP status, null when it gave none
 */
export async function forgeWebhook(
  { services: { simulator } }: Pick<Scene, 'services'>,
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
