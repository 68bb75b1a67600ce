import { basename } from 'node:path';
import type { AvatarState } from '../watch-avatar.ts';
import type { Cast, Scene } from '../scene.ts';

/** Shows what each training left, and that it is what fal's answer holds: no more, nothing made up. */
export function showArtefacts({ narrator }: Scene, cast: Cast): void {
  const [portrait, style] = cast;
  narrator.step('What the trainings left');
  for (const { name, diffusersLoraFileUrl, configFileUrl, finetuneId } of cast) {
    narrator.fact(name, `diffusers_lora_file  ${fileName(diffusersLoraFileUrl)}`);
    narrator.fact('', `config_file          ${fileName(configFileUrl)}`);
    narrator.fact('', `finetune_id          ${finetuneId ?? '–'}`);
  }
  const answer = portrait.falResponseData as LoraAnswer;
  narrator.promise(
    portrait.diffusersLoraFileUrl !== null &&
      portrait.diffusersLoraFileUrl === answer.diffusers_lora_file?.url &&
      portrait.configFileUrl === answer.config_file?.url &&
      portrait.finetuneId === null,
    'The portrait trainer gives LoRA files and no finetune_id.',
  );
  narrator.promise(
    style.finetuneId !== null &&
      style.finetuneId === (style.falResponseData as FinetuneAnswer).finetune_id &&
      style.diffusersLoraFileUrl === null &&
      style.configFileUrl === null,
    'The style trainer gives a finetune_id and no LoRA.',
  );
  narrator.promise(
    cast.every(isNoRequestId),
    "Neither is the request_id, and both stand in fal's own answer.",
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
