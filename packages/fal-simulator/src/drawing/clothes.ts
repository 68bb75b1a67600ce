import { mix, shade } from './colour.ts';
import { fade, glow } from './gradient.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';

const SHOULDERS = (neckline: string) =>
  `M -100 704 C -190 726 -276 740 -336 800 C -396 862 -402 990 -408 3200 L 408 3200 C 402 990 396 862 336 800 C 276 740 190 726 100 704 ${neckline} Z`;

/** Neck and clothes; (0, 0) is the middle of the image's upper edge. */
export function bust(person: Person, { cloth, clothColour: tone, light }: Scene): string {
  const { skin } = person;
  const dark = shade(tone, 0.72);
  const deep = shade(tone, 0.55);
  const lit = shade(tone, 1.16);
  const neck = `
    <path d="M -60 500 L -60 650 C -62 692 -90 704 -130 716 L 0 900 L 130 716 C 90 704 62 692 60 650 L 60 500 Z" fill="${skin}"/>
    <clipPath id="neck"><rect x="-60" y="500" width="120" height="400"/></clipPath>
    <g clip-path="url(#neck)">${glow('chin', { x: light * -14, y: 596, across: 120, along: 96 }, mix(shade(skin, 0.66), '#a3402f', 0.18), 0.8)}</g>`;
  const bodyOf = (neckline: string) => `
    <clipPath id="body"><path d="${SHOULDERS(neckline)}"/></clipPath>
    <path d="${SHOULDERS(neckline)}" fill="${tone}"/>
    <g clip-path="url(#body)">${glow('shoulder', { x: light * 230, y: 800, across: 280, along: 210 }, lit, 0.8)}
      ${fade('bodyShade', deep, 0.7, -light)}<rect x="-410" y="690" width="820" height="2510" fill="url(#bodyShade)"/>
      <path d="M -262 868 C -276 920 -280 970 -280 1040 M 262 868 C 276 920 280 970 280 1040" stroke="${deep}" stroke-width="6" stroke-linecap="round" fill="none" opacity=".55"/></g>`;
  switch (cloth) {
    case 'tee':
      return `${neck}${bodyOf('C 84 792 -84 792 -100 704')}
        <path d="M -98 706 C -84 794 84 794 98 706" fill="none" stroke="${dark}" stroke-width="15"/>`;
    case 'vee':
      return `${neck}${bodyOf('L 0 868 L -100 704')}
        <path d="M -96 708 L 0 862 L 96 708" fill="none" stroke="${dark}" stroke-width="15" stroke-linejoin="round"/>`;
    case 'turtleneck':
      return `${neck}${bodyOf('Q 0 760 -100 704')}
        <path d="M -76 632 C -40 664 40 664 76 632 L 108 722 C 60 776 -60 776 -108 722 Z" fill="${tone}"/>
        <path d="M -74 640 C -40 670 40 670 74 640 L 78 654 C 40 686 -40 686 -78 654 Z" fill="${deep}" opacity=".4"/>
        <path d="M -50 674 l -8 66 M -25 684 l -4 72 M 0 686 v 74 M 25 684 l 4 72 M 50 674 l 8 66" stroke="${dark}" stroke-width="4.5" stroke-linecap="round" opacity=".6"/>`;
    case 'hoodie':
      return `<path d="M -190 740 C -180 610 -110 560 0 560 C 110 560 180 610 190 740 Z" fill="${deep}"/>${neck}${bodyOf('C 84 800 -84 800 -100 704')}
        <path d="M -190 742 C -160 680 -120 660 -84 668 C -60 740 -30 800 0 822 C 30 800 60 740 84 668 C 120 660 160 680 190 742 C 150 850 60 880 0 846 C -60 880 -150 850 -190 742 Z" fill="${dark}"/>
        <path d="M -44 838 q -6 50 -2 96 M 44 838 q 6 44 2 82" stroke="#f4efe6" stroke-width="8" stroke-linecap="round" fill="none"/>`;
    case 'blazer': {
      const shirt = mix('#f6f1e7', tone, 0.06);
      return `${neck}<path d="M -104 706 L 0 766 L 104 706 L 150 3200 L -150 3200 Z" fill="${shirt}"/>
        <path d="M -66 664 L -112 716 L -36 804 L 0 764 Z M 66 664 L 112 716 L 36 804 L 0 764 Z" fill="${shade(shirt, 1.2)}" stroke="#2a2030" stroke-opacity=".14" stroke-width="4" stroke-linejoin="round"/>
        <path d="M 0 780 V 1100" stroke="#2a2030" stroke-width="4" opacity=".16"/><circle cx="0" cy="850" r="5" fill="#2a2030" opacity=".3"/><circle cx="0" cy="920" r="5" fill="#2a2030" opacity=".3"/>
        ${bodyOf('L 18 985 L 0 1020 L -18 985 L -100 704')}
        <path d="M -104 702 L -168 800 L -128 822 L -160 850 L -12 1010 C -40 900 -76 800 -104 702 Z M 104 702 L 168 800 L 128 822 L 160 850 L 12 1010 C 40 900 76 800 104 702 Z" fill="${dark}" stroke="${deep}" stroke-width="4" stroke-linejoin="round"/>`;
    }
  }
}
