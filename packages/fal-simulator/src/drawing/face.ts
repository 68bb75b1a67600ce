import { mix, shade } from './colour.ts';
import { fade, glow } from './gradient.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';

/** The outline of the face; (0, 0) is between the eyes. */
export function faceOutline({ faceWidth: w, chin, jaw }: Person): string {
  const cheek = w * (0.78 + jaw * 0.17);
  const tip = 26 + jaw * 26;
  return `M ${-w} -30 C ${-w} -205 ${w} -205 ${w} -30 C ${w} 62 ${cheek} ${chin - 62} ${tip} ${chin - 8}
    Q 0 ${chin + 12} ${-tip} ${chin - 8} C ${-cheek} ${chin - 62} ${-w} 62 ${-w} -30 Z`;
}

export function face(person: Person, scene: Scene): string {
  const { skin, faceWidth: w, chin } = person;
  const dark = mix(shade(skin, 0.72), '#a3402f', 0.18);
  const side = scene.light;
  const ear = (at: number) => `
    <ellipse cx="${at * (w + 4)}" cy="8" rx="20" ry="34" fill="${at === side ? skin : shade(skin, 0.86)}"/>
    <path d="M ${at * (w + 10)} -8 q ${at * 8} 14 ${at * -4} 30" stroke="${dark}" stroke-width="4" fill="none" opacity=".5"/>
    ${person.earrings ? `<circle cx="${at * (w + 8)}" cy="46" r="7" fill="#e9c46a"/>` : ''}`;
  const x = scene.turn;
  return `
    <clipPath id="face"><path d="${faceOutline(person)}"/></clipPath>
    ${ear(-1)}${ear(1)}
    <path d="${faceOutline(person)}" fill="${skin}"/>
    <g clip-path="url(#face)">
      ${glow('faceLight', { x: side * w * 0.45, y: -30, across: w * 1.15, along: chin * 1.1 }, shade(skin, 1.2), 0.65)}
      ${fade('faceShade', dark, 0.5, -side)}
      <path d="${faceOutline(person)}" fill="url(#faceShade)"/>
      ${glow('left', { x: x - 82, y: 62, across: 56, along: 40 }, '#e0524a', 0.3)}
      ${glow('right', { x: x + 82, y: 62, across: 56, along: 40 }, '#e0524a', 0.3)}
      ${person.freckles ? freckles(x, dark) : ''}
      ${beard(person, x)}
    </g>
    ${eyes(person, scene)}${brows(person, scene)}
    <path d="M ${x + side * -9} 2 C ${x + side * -13} 26 ${x + side * -21 * person.nose} 42 ${x + side * -17 * person.nose} 54 C ${x + side * -11} 63 ${x + side * 8} 63 ${x + side * 15 * person.nose} 56"
      fill="none" stroke="${dark}" stroke-width="5" stroke-linecap="round" opacity=".62"/>
    ${mouth(person, scene)}
    ${glasses(person, x)}`;
}

function eyes(person: Person, scene: Scene): string {
  const x = scene.turn;
  const s = person.eyes;
  const lash = shade(mix(person.hair, '#1a1024', 0.75), 1);
  const eye = (at: number) => {
    const middle = x + at * person.eyeGap;
    const open = scene.mood === 'laugh' ? 9 : 13;
    const gaze = scene.turn * 0.22;
    return `
    <clipPath id="eye${at}"><path d="M ${middle - 23 * s} 4 Q ${middle} ${-open * 1.75 * s} ${middle + 23 * s} 4 Q ${middle} ${open * 1.25 * s} ${middle - 23 * s} 4 Z"/></clipPath>
    <g clip-path="url(#eye${at})">
      <rect x="${middle - 30}" y="-24" width="60" height="50" fill="#fdfaf6"/>
      <circle cx="${middle + gaze}" cy="0" r="${12.5 * s}" fill="${person.iris}"/>
      <circle cx="${middle + gaze}" cy="0" r="${6.2 * s}" fill="#14101a"/>
      <circle cx="${middle + gaze + scene.light * 4}" cy="-4.5" r="3.4" fill="#fff"/>
      <rect x="${middle - 30}" y="-24" width="60" height="17" fill="#2a1a2a" opacity=".16"/>
    </g>
    <path d="M ${middle - at * 21 * s} 5 Q ${middle} ${-open * 1.85 * s} ${middle + at * 24 * s} 2 l ${at * 6} -4" fill="none" stroke="${lash}" stroke-width="5.4" stroke-linecap="round" stroke-linejoin="round"/>
    <path d="M ${middle - 16} -${open + 8} Q ${middle} -${open + 16} ${middle + 17} -${open + 8}" fill="none" stroke="${shade(person.skin, 0.66)}" stroke-width="3" stroke-linecap="round" opacity=".45"/>`;
  };
  return eye(-1) + eye(1);
}

function brows({ brow, hair, eyeGap }: Person, { turn, mood }: Scene): string {
  const tone = mix(hair, '#2a1c20', 0.45);
  const lift = mood === 'serious' ? 4 : -2;
  const one = (at: number) => {
    const middle = turn + at * eyeGap;
    return `<path d="M ${middle - at * 29} ${-37 + lift} Q ${middle + at * 4} ${-44 - brow.arch - 2} ${middle + at * 32} ${-36}" fill="none" stroke="${tone}" stroke-width="${brow.width}" stroke-linecap="round"/>`;
  };
  return one(-1) + one(1);
}

function mouth({ lips, mouth: half, skin }: Person, { mood, turn: x }: Scene): string {
  const line = shade(mix(lips, '#5a1a22', 0.5), 0.8);
  const under = `<path d="M ${x - 14} 137 Q ${x} 143 ${x + 14} 137" fill="none" stroke="${shade(skin, 0.66)}" stroke-width="4" stroke-linecap="round" opacity=".4"/>`;
  if (mood === 'laugh') {
    const path = `M ${x - half - 4} 96 Q ${x} 106 ${x + half + 4} 96 Q ${x + half * 0.7} 138 ${x} 139 Q ${x - half * 0.7} 138 ${x - half - 4} 96 Z`;
    return `<clipPath id="mouth"><path d="${path}"/></clipPath><path d="${path}" fill="#6e2330" stroke="${lips}" stroke-width="6" stroke-linejoin="round"/>
      <g clip-path="url(#mouth)"><rect x="${x - 60}" y="90" width="120" height="25" fill="#fdfaf6"/><ellipse cx="${x}" cy="142" rx="26" ry="14" fill="#d0606a"/></g>`;
  }
  const curve = mood === 'smile' ? 1 : 0.12;
  const [y, corner] = [110, 110 - 9 * curve];
  return `
    <path d="M ${x - half} ${corner} Q ${x - 14} ${y - 12 - curve} ${x} ${y - 7} Q ${x + 14} ${y - 12 - curve} ${x + half} ${corner}
      Q ${x} ${y + 27 + 7 * curve} ${x - half} ${corner} Z" fill="${lips}"/>
    <path d="M ${x - half - 3} ${corner - 1} Q ${x} ${y + 6 + 12 * curve} ${x + half + 3} ${corner - 1}" fill="none" stroke="${line}" stroke-width="4.4" stroke-linecap="round"/>
    <ellipse cx="${x}" cy="${y + 13 + 2 * curve}" rx="15" ry="3.6" fill="#fff" opacity=".2"/>${under}`;
}

function beard({ beard: kind, hair, faceWidth: w, chin, skin }: Person, x: number): string {
  if (kind === 'none') return '';
  const tone = mix(hair, skin, 0.12);
  const whiskers = `<path d="M ${x - 50} 98 Q ${x - 30} 74 ${x} 80 Q ${x + 30} 74 ${x + 50} 98 Q ${x + 28} 96 ${x} 92 Q ${x - 28} 96 ${x - 50} 98 Z" fill="${tone}"/>`;
  if (kind === 'moustache') return whiskers;
  const full = `<path d="M ${-w - 10} 0 L ${-w + 10} 2 C ${-w + 18} 56 ${x - 74} 78 ${x - 52} 84 Q ${x} 62 ${x + 52} 84 C ${x + 74} 78 ${w - 18} 56 ${w - 10} 2 L ${w + 10} 0
    L ${w + 10} ${chin + 40} L ${-w - 10} ${chin + 40} Z M ${x - 44} 104 Q ${x - 20} 92 ${x} 95 Q ${x + 20} 92 ${x + 44} 104 Q ${x + 30} 134 ${x} 135 Q ${x - 30} 134 ${x - 44} 104 Z"
    fill-rule="evenodd" fill="${tone}" opacity="${kind === 'full' ? 1 : 0.32}"/>`;
  return full;
}

function glasses({ glasses: kind, eyeGap }: Person, x: number): string {
  if (kind === 'none') return '';
  const lens = (at: number) =>
    kind === 'round'
      ? `<circle cx="${x + at * eyeGap}" cy="2" r="41"/>`
      : `<rect x="${x + at * eyeGap - 43}" y="-31" width="86" height="62" rx="18"/>`;
  return `<g fill="#ffffff" fill-opacity=".13" stroke="#2b2530" stroke-width="6">${lens(-1)}${lens(1)}
    <path d="M ${x - eyeGap + 41} -4 Q ${x} -16 ${x + eyeGap - 41} -4" fill="none"/>
    <path d="M ${x - eyeGap - 42} -8 L -142 -12 M ${x + eyeGap + 42} -8 L 142 -12" fill="none" stroke-width="5"/></g>`;
}

function freckles(x: number, tone: string): string {
  const spots = [
    [-96, 42],
    [-80, 50],
    [-66, 40],
    [-88, 60],
    [-70, 62],
    [-104, 54],
    [-12, 34],
    [6, 40],
    [96, 42],
    [80, 50],
    [66, 40],
    [88, 60],
    [70, 62],
    [104, 54],
  ] as const;
  return spots
    .map(([dx, y]) => `<circle cx="${x + dx}" cy="${y}" r="3.2" fill="${tone}" opacity=".55"/>`)
    .join('');
}
