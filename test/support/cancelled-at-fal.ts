import type { RecordedRequest, Simulator } from '@likeness/fal-simulator';
import { eventually } from './eventually.ts';
import { FAL_KEY } from './fal-key.ts';

/** Resolves when a run has ended at fal because it was cancelled. */
export async function cancelledAtFal(
  simulator: Simulator,
  { endpoint, requestId }: RecordedRequest,
): Promise<void> {
  const status = `${simulator.url}/${endpoint}/requests/${requestId ?? ''}/status`;
  await eventually(`fal to be told to cancel ${requestId ?? ''}`, async () => {
    const headers = { authorization: `Key ${FAL_KEY}`, connection: 'close' };
    const response = await fetch(status, { headers });
    const { error_type: why } = (await response.json()) as { error_type?: string };
    return why === 'client_cancelled';
  });
}
