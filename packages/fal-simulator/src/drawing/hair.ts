import { shade } from './colour.ts';
import type { Person } from './person.ts';

/** Hair behind the head and in front of it; (0, 0) is between the eyes. */
export function hair(person: Person): { behind: string; inFront: string } {
  const { hair: tone, hairStyle, parting: p, faceWidth: w } = person;
  const dark = shade(tone, 0.72);
  const lit = shade(tone, 1.14);
  const lock = (d: string, width = 6, opacity = 0.5) =>
    `<path d="${d}" fill="none" stroke="${lit}" stroke-width="${width}" stroke-linecap="round" opacity="${opacity}"/>`;
  const flip = (content: string) => `<g transform="scale(${p} 1)">${content}</g>`;
  switch (hairStyle) {
    case 'crop':
      return {
        behind: `<ellipse cx="0" cy="-72" rx="${w + 12}" ry="128" fill="${dark}"/>`,
        inFront:
          flip(`<path d="M ${-w - 6} 6 C ${-w - 24} -110 ${-w + 16} -214 0 -216 C ${w - 10} -216 ${w + 24} -118 ${w + 6} 6
          L ${w - 8} -22 C ${w - 8} -62 ${w - 24} -92 ${w - 40} -104 C 40 -124 -30 -118 ${-w + 44} -98 C ${-w + 22} -84 ${-w + 10} -58 ${-w + 8} -22 Z" fill="${tone}"/>
          ${lock('M -60 -178 C -20 -200 40 -196 74 -166')}${lock('M -84 -140 C -40 -166 40 -168 92 -132', 5, 0.3)}`),
      };
    case 'parted':
      return {
        behind: `<ellipse cx="0" cy="-80" rx="${w + 14}" ry="130" fill="${dark}"/>`,
        inFront:
          flip(`<path d="M ${-w - 6} 2 C ${-w - 30} -120 ${-w + 24} -232 10 -238 C ${w + 10} -244 ${w + 40} -120 ${w + 6} 2
          L ${w - 6} -30 C ${w - 10} -74 ${w - 22} -92 ${w - 34} -108 C 50 -96 -34 -96 -72 -142 C ${-w + 36} -122 ${-w + 14} -84 ${-w + 8} -26 Z" fill="${tone}"/>
          ${lock('M -68 -148 C -40 -186 20 -206 76 -182')}${lock('M -50 -140 C -10 -160 50 -158 98 -128', 5, 0.35)}`),
      };
    case 'curls':
      return {
        behind: curls(w + 14, -58, 34, dark, 0),
        inFront: fringe(w, tone, lit),
      };
    case 'afro':
      return {
        behind: `<ellipse cx="0" cy="-92" rx="${w + 84}" ry="178" fill="${dark}"/>${curls(w + 66, -92, 46, dark, 1)}`,
        inFront: `<path d="M ${-w - 14} -4 C ${-w - 66} -150 -80 -262 0 -262 C 80 -262 ${w + 66} -150 ${w + 14} -4 C ${w + 2} -80 ${w - 34} -122 0 -124 C ${-w + 34} -122 ${-w - 2} -80 ${-w - 14} -4 Z" fill="${tone}"/>
          ${lock('M -70 -206 q 22 -22 44 -6', 6, 0.3)}${lock('M 20 -222 q 22 -18 42 0', 6, 0.3)}${lock('M -30 -170 q 20 -18 40 -2', 6, 0.3)}${lock('M 70 -172 q 18 -16 34 0', 6, 0.3)}`,
      };
    case 'bob':
      return {
        behind: `<path d="M ${-w - 30} 120 C ${-w - 62} -60 ${-w - 30} -238 0 -238 C ${w + 30} -238 ${w + 62} -60 ${w + 30} 120 C ${w + 10} 168 ${-w - 10} 168 ${-w - 30} 120 Z" fill="${dark}"/>`,
        inFront:
          flip(`<path d="M ${-w - 26} 132 C ${-w - 66} -60 ${-w - 24} -236 4 -238 C ${w + 40} -238 ${w + 58} -60 ${w + 26} 132 C ${w + 6} 120 ${w - 2} 60 ${w - 6} -20
          C ${w - 20} -80 30 -92 -46 -150 C ${-w + 34} -116 ${-w + 4} -60 ${-w + 6} -10 C ${-w + 2} 60 ${-w - 6} 120 ${-w - 26} 132 Z" fill="${tone}"/>
          ${lock('M -40 -156 C 0 -196 60 -196 104 -120')}${lock(`M ${w + 14} -70 C ${w + 26} 0 ${w + 24} 60 ${w + 14} 104`, 6, 0.35)}${lock(`M ${-w - 14} -60 C ${-w - 26} 0 ${-w - 24} 60 ${-w - 16} 104`, 6, 0.35)}`),
      };
    case 'long':
      return {
        behind: `<path d="M ${-w - 44} 380 C ${-w - 70} 120 ${-w - 60} -238 0 -240 C ${w + 60} -238 ${w + 70} 120 ${w + 44} 380 Z" fill="${dark}"/>`,
        inFront: `<path d="M 0 -240 C ${-w - 40} -240 ${-w - 50} -40 ${-w - 42} 120 C ${-w - 40} 250 ${-w - 44} 330 ${-w - 40} 386 C ${-w + 10} 380 ${-w + 26} 320 ${-w + 10} 200 C ${-w - 6} 110 ${-w + 6} 40 ${-w + 8} -20 C ${-w + 20} -96 -44 -128 0 -160
          C 44 -128 ${w - 20} -96 ${w - 8} -20 C ${w - 6} 40 ${w + 6} 110 ${w - 10} 200 C ${w - 26} 320 ${w - 10} 380 ${w + 40} 386 C ${w + 44} 330 ${w + 40} 250 ${w + 42} 120 C ${w + 50} -40 ${w + 40} -240 0 -240 Z" fill="${tone}"/>
          ${lock(`M -14 -196 C -84 -178 ${-w - 8} -90 ${-w - 16} 10`)}${lock(`M 14 -196 C 84 -178 ${w + 8} -90 ${w + 16} 10`)}${lock(`M ${-w - 22} 90 C ${-w - 20} 180 ${-w - 16} 260 ${-w - 16} 330`, 6, 0.35)}${lock(`M ${w + 22} 90 C ${w + 20} 180 ${w + 16} 260 ${w + 16} 330`, 6, 0.35)}`,
      };
    case 'waves':
      return {
        behind: `<path d="M ${-w - 30} 330 C ${-w - 100} 280 ${-w - 30} 200 ${-w - 60} 110 C ${-w - 90} 20 ${-w - 70} -240 0 -242 C ${w + 70} -240 ${w + 90} 20 ${w + 60} 110 C ${w + 30} 200 ${w + 100} 280 ${w + 30} 330 C 80 372 -80 372 ${-w - 30} 330 Z" fill="${dark}"/>`,
        inFront:
          flip(`<path d="M -34 -236 C ${-w - 60} -224 ${-w - 62} -60 ${-w - 36} 30 C ${-w - 20} 96 ${-w - 66} 150 ${-w - 42} 230 C ${-w - 30} 270 ${-w - 40} 300 ${-w - 26} 326 C ${-w + 20} 296 ${-w + 22} 240 ${-w + 4} 190 C ${-w - 18} 130 ${-w + 16} 60 ${-w + 8} -10 C ${-w + 18} -84 -74 -110 -44 -158
          C 20 -92 ${w - 14} -100 ${w - 8} -6 C ${w - 12} 60 ${w + 18} 130 ${w - 4} 190 C ${w - 22} 240 ${w - 20} 296 ${w + 26} 326 C ${w + 40} 300 ${w + 30} 270 ${w + 42} 230 C ${w + 66} 150 ${w + 20} 96 ${w + 36} 30 C ${w + 62} -60 ${w + 50} -262 -34 -236 Z" fill="${tone}"/>
          ${lock('M -30 -190 C 40 -190 100 -140 118 -70')}${lock(`M ${w + 14} 10 C ${w + 12} 80 ${w + 40} 130 ${w + 18} 210`, 6, 0.35)}${lock(`M ${-w - 18} -40 C ${-w - 30} 60 ${-w - 30} 120 ${-w - 22} 220`, 6, 0.35)}`),
      };
    case 'bun':
      return {
        behind: `<circle cx="${p * 22}" cy="-262" r="64" fill="${tone}"/><path d="M ${p * 22 - 34} -284 q 34 -30 66 2" fill="none" stroke="${lit}" stroke-width="6" stroke-linecap="round" opacity=".5"/><ellipse cx="0" cy="-76" rx="${w + 14}" ry="144" fill="${dark}"/>`,
        inFront:
          flip(`<path d="M ${-w - 8} 12 C ${-w - 34} -120 ${-w + 4} -226 0 -228 C ${w - 4} -226 ${w + 34} -120 ${w + 8} 12 C ${w + 2} -40 ${w - 8} -100 30 -142 C ${-w + 40} -128 ${-w - 2} -60 ${-w - 8} 12 Z" fill="${tone}"/>
          ${lock('M 28 -150 C 0 -190 -50 -190 -92 -120')}${lock('M 34 -150 C 60 -186 96 -160 112 -100')}`),
      };
  }
}

/** A wreath of curls around the crown. */
function curls(radius: number, y: number, size: number, tone: string, from: number): string {
  const circles: string[] = [];
  for (let at = 0; at <= 14; at += 1) {
    const angle = Math.PI * (1 + (at - 1) / 12) - from * 0.02;
    const bump = size * (0.86 + 0.2 * Math.sin(at * 2.4));
    circles.push(
      `<circle cx="${Math.cos(angle) * radius}" cy="${y + Math.sin(angle) * radius * 1.02}" r="${bump}" fill="${tone}"/>`,
    );
  }
  return circles.join('');
}

function fringe(w: number, tone: string, lit: string): string {
  const rows: string[] = [];
  for (let at = 0; at < 9; at += 1) {
    const angle = Math.PI * (1.03 + (at / 8) * 0.94);
    const [x, y] = [Math.cos(angle) * (w - 6), -62 + Math.sin(angle) * (w - 6)];
    rows.push(`<circle cx="${x}" cy="${y}" r="${36 + 5 * Math.sin(at * 1.9)}" fill="${tone}"/>`);
    rows.push(
      `<path d="M ${x - 12} ${y + 4} a 14 14 0 1 1 20 8" fill="none" stroke="${lit}" stroke-width="5" stroke-linecap="round" opacity=".35"/>`,
    );
  }
  for (const [x, y] of [
    [-62, -128],
    [0, -142],
    [60, -130],
    [-30, -166],
    [34, -170],
  ] as const) {
    rows.push(`<circle cx="${x}" cy="${y}" r="36" fill="${tone}"/>`);
    rows.push(
      `<path d="M ${x - 12} ${y + 4} a 14 14 0 1 1 20 8" fill="none" stroke="${lit}" stroke-width="5" stroke-linecap="round" opacity=".35"/>`,
    );
  }
  return rows.join('');
}
