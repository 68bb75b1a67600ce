import { basename } from 'node:path';
import type { AvatarState } from '../watch-avatar.ts';
import type { Avatars, Context } from '../context.ts';

/** Shows the artifacts, and checks them against fal's responses. */
export function showArtifacts({ output }: Context, avatars: Avatars): void {
  const [portrait, style] = avatars;
  output.step('Artifacts of the trainings');
  for (const { name, diffusersLoraFileUrl, configFileUrl, finetuneId } of avatars) {
    output.fact(name, `diffusers_lora_file  ${fileName(diffusersLoraFileUrl)}`);
    output.fact('', `config_file          ${fileName(configFileUrl)}`);
    output.fact('', `finetune_id          ${finetuneId ?? '–'}`);
  }
  const answer = portrait.falResponseData as LoraAnswer;
  output.check(
    portrait.diffusersLoraFileUrl !== null &&
      portrait.diffusersLoraFileUrl === answer.diffusers_lora_file?.url &&
      portrait.configFileUrl === answer.config_file?.url &&
      portrait.finetuneId === null,
    'The portrait trainer returned LoRA files and no finetune_id.',
  );
  output.check(
    style.finetuneId !== null &&
      style.finetuneId === (style.falResponseData as FinetuneAnswer).finetune_id &&
      style.diffusersLoraFileUrl === null &&
      style.configFileUrl === null,
    'The style trainer returned a finetune_id and no LoRA.',
  );
  output.check(
    avatars.every(isNoRequestId),
    "Neither equals the request_id, and both are in fal's response.",
  );
}

type LoraAnswer = {
  readonly diffusers_lora_file?: { readonly url?: string };
  readonly config_file?: { readonly url?: string };
};
type FinetuneAnswer = { readonly finetune_id?: string };

function isNoRequestId({ falRequestId, finetuneId, diffusersLoraFileUrl, isReady }: AvatarState): boolean {
  return (
    isReady && falRequestId !== null && finetuneId !== falRequestId && diffusersLoraFileUrl !== falRequestId
  );
}

function fileName(url: string | null): string {
  return url === null ? '–' : `…/${basename(new URL(url).pathname)}`;
}
