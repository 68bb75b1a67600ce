import type { Shot } from './cover.ts';

const ENDINGS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/webp': 'webp' };

/** `ada-on-a-night-street-2.jpg`. */
export function fileNameOf(avatarName: string, { generation, index }: Shot): string {
  const words = `${avatarName} ${generation.prompt}`
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  const ending = ENDINGS[generation.images[index]?.contentType ?? ''] ?? 'jpg';
  return `${words === '' ? 'picture' : words}-${index + 1}.${ending}`;
}
