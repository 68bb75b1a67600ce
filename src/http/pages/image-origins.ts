import { FAL_REST_URL, type Config } from '../../config/config.ts';

const FAL_MEDIA = ['https://fal.media', 'https://*.fal.media'];

/**
 * Where images are that have another origin than the page, as in a content security policy: at the public address of this
 * server, or at fal if it keeps no copies.
 *
 * @param simulatorUrl null: fal is not simulated by this server
 */
export function imageOriginsOf(
  { publicUrl, keepsFiles, fal }: Pick<Config, 'publicUrl' | 'keepsFiles' | 'fal'>,
  simulatorUrl: string | null,
): string[] {
  const own = publicUrl === null ? [] : [new URL(publicUrl).origin];
  if (keepsFiles) return own;
  if (fal?.restUrl === FAL_REST_URL) return [...own, ...FAL_MEDIA];
  const atFal = simulatorUrl ?? fal?.restUrl;
  return atFal === undefined ? own : [...own, new URL(atFal).origin];
}
