import { icons } from '../parts/icons.tsx';
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
  return `${words === '' ? 'image' : words}-${index + 1}.${ending}`;
}

/**
 * A link that saves the image, and its label. A browser saves from the page's own origin only: an image of another origin
 * opens in a new tab.
 */
export function fileLink(avatarName: string, shot: Shot) {
  const isOwn = new URL(shot.url, location.href).origin === location.origin;
  return isOwn
    ? {
        name: 'Download',
        icon: icons.download,
        to: { href: shot.url, download: fileNameOf(avatarName, shot) },
      }
    : { name: 'Open', icon: icons.open, to: { href: shot.url, target: '_blank', rel: 'noopener' } };
}
