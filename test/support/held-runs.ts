import { photos } from './api-client.ts';
import type { TestApp } from './test-app.ts';

/** A training that fal keeps in its queue for ever, so that the only news of it are those a test sends. */
export type HeldTraining = {
  readonly avatarId: string;
  readonly requestId: string;
  /** The callback URL fal was given. */
  readonly callbackUrl: string;
};

export async function heldTraining(app: TestApp): Promise<HeldTraining> {
  const { id } = await app.newAvatar();
  const { falRequestId } = await app.startTraining({
    avatarId: id,
    imagesUrl: photos('stuck-in-queue'),
  });
  const { webhookUrl } = app.lastSubmit();
  if (falRequestId === null || webhookUrl === null) throw new Error('The training is not at fal');
  return { avatarId: id, requestId: falRequestId, callbackUrl: webhookUrl };
}

export function okFor(requestId: string, name = 'lora'): object {
  return {
    request_id: requestId,
    gateway_request_id: requestId,
    status: 'OK',
    payload: portraitResult(name),
  };
}

export function errorFor(requestId: string): object {
  return {
    request_id: requestId,
    gateway_request_id: requestId,
    status: 'ERROR',
    error: 'late',
    payload: null,
  };
}

export function portraitResult(name: string): object {
  return {
    diffusers_lora_file: { url: `https://files.example/${name}.safetensors` },
    config_file: { url: `https://files.example/${name}.json` },
  };
}
