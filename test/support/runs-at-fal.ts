import { eventually } from './eventually.ts';
import { exchange, type HttpResponse } from './http-exchange.ts';
import { FAL_KEY } from './fal-key.ts';
import { photos } from './api-client.ts';
import type { Simulator } from '@likeness/fal-simulator';
import type { TestApp } from './test-app.ts';

export type RunAtFal = {
  readonly requestId: string;
  /** The callback URL that fal was given. */
  readonly url: string;
};

/** The run of the latest submit. */
export function lastRunAt(simulator: Simulator): RunAtFal {
  const { requestId = null, webhookUrl: url = null } = simulator.requests().at(-1) ?? {};
  if (requestId === null || url === null) throw new Error('fal has no run that it could report');
  return { requestId, url };
}

/** A training that fal keeps in its queue for ever, so that the only webhooks about it are those that a test sends. */
export type HeldTraining = RunAtFal & { readonly avatarId: string };

/** @param ofAvatar left out: a new one */
export async function heldTraining(app: TestApp, ofAvatar?: string): Promise<HeldTraining> {
  const avatarId = ofAvatar ?? (await app.newAvatar()).id;
  await app.startTraining({ avatarId, imagesUrl: photos('stuck-in-queue') });
  return { avatarId, ...app.lastRun() };
}

/** The same for a generation. A prompt of the test's own has to name `stuck-in-queue`. */
export async function heldGeneration(
  app: TestApp,
  input: Parameters<TestApp['generate']>[0],
): Promise<RunAtFal & { readonly generationId: string }> {
  const { id: generationId } = await app.generate({ prompt: 'tea [[stuck-in-queue]]', ...input });
  return { generationId, ...app.lastRun() };
}

async function statusAtFal({ simulator }: TestApp, runId: string | null): Promise<HttpResponse> {
  const { endpoint = '' } = simulator.requests().find(({ requestId }) => requestId === runId) ?? {};
  const headers = { authorization: `Key ${FAL_KEY}` };
  return exchange(`${simulator.url}/${endpoint}/requests/${runId}/status`, { method: 'GET', headers });
}

/** Resolves when fal says that the run has ended. */
export async function endedAtFal(app: TestApp, runId: string | null): Promise<void> {
  await eventually(`the end of ${runId} at fal`, async () => (await statusAtFal(app, runId)).status === 200);
}

/** Resolves when fal says that the run has ended because it was cancelled. */
export async function cancelledAtFal(app: TestApp, runId: string | null): Promise<void> {
  await eventually(`fal to be told to cancel ${runId}`, async () =>
    (await statusAtFal(app, runId)).text.includes('"client_cancelled"'),
  );
}

export function okFor(requestId: string, payload: object = portraitResult('lora')): object {
  return { request_id: requestId, gateway_request_id: requestId, status: 'OK', payload };
}

export function errorFor(requestId: string): object {
  const failure = { status: 'ERROR', error: 'late', payload: null };
  return { request_id: requestId, gateway_request_id: requestId, ...failure };
}

export function imageResult(more: object = {}): object {
  return { images: [{ url: 'https://files.example/1.jpg' }], ...more };
}

export function portraitResult(name: string): object {
  return {
    diffusers_lora_file: { url: `https://files.example/${name}.safetensors` },
    config_file: { url: `https://files.example/${name}.json` },
  };
}
