import type { Shot } from './cover.ts';

const ENDINGS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/webp': 'webp' };

/** `ada-on-a-night-street-2.jpg`. */
function fileNameOf(avatarName: string, { generation, index }: Shot): string {
  const words = `${avatarName} ${generation.prompt}`
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  const ending = ENDINGS[generation.images[index]?.contentType ?? ''] ?? 'jpg';
  return `${words === '' ? 'picture' : words}-${index + 1}.${ending}`;
}

/** A link that saves the picture. A browser does so on the page's own origin only; elsewhere the picture opens beside. */
export function downloadLink(avatarName: string, shot: Shot) {
  const isOwn = new URL(shot.url, location.href).origin === location.origin;
  return isOwn
    ? { href: shot.url, download: fileNameOf(avatarName, shot) }
    : { href: shot.url, target: '_blank', rel: 'noopener' };
}
