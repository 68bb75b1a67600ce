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

/** A training that fal keeps in its queue for ever, so that the only news of it are those a test sends. */
export type HeldTraining = RunAtFal & { readonly avatarId: string };

export async function heldTraining(app: TestApp): Promise<HeldTraining> {
  const { id: avatarId } = await app.newAvatar();
  await app.startTraining({ avatarId, imagesUrl: photos('stuck-in-queue') });
  return { avatarId, ...app.lastRun() };
}

export function okFor(requestId: string, payload: object = portraitResult('lora')): object {
  return { request_id: requestId, gateway_request_id: requestId, status: 'OK', payload };
}

export function errorFor(requestId: string): object {
  const failure = { status: 'ERROR', error: 'late', payload: null };
  return { request_id: requestId, gateway_request_id: requestId, ...failure };
}

export function portraitResult(name: string): object {
  return {
    diffusers_lora_file: { url: `https://files.example/${name}.safetensors` },
    config_file: { url: `https://files.example/${name}.json` },
  };
}
