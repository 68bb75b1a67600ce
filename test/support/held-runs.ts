import { AvatarByIdDocument } from '../../src/generated/contract/graphql.ts';
import { lastSubmit, newAvatar, photos, startTraining } from './api-steps.ts';
import type { AvatarRow, TestApp } from './test-app.ts';

/** A training that fal keeps in its queue for ever, so that the only news of it are those a test sends. */
export type HeldTraining = {
  readonly avatarId: string;
  readonly requestId: string;
  /** The callback URL fal was given. */
  readonly callbackUrl: string;
};

export async function heldTraining(app: TestApp): Promise<HeldTraining> {
  const { id } = await newAvatar(app);
  const { falRequestId } = await startTraining(app, {
    avatarId: id,
    imagesUrl: photos('stuck-in-queue'),
  });
  const { webhookUrl } = lastSubmit(app);
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

export async function avatarNow(app: TestApp, id: string, token?: string): Promise<AvatarRow> {
  const { avatar } = await app.execute(AvatarByIdDocument, { id }, { token });
  if (avatar === null) throw new Error(`There is no avatar ${id}`);
  return avatar;
}
