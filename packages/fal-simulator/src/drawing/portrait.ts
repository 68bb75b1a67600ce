import { bust } from './clothes.ts';
import { face } from './face.ts';
import { hair } from './hair.ts';
import type { Person } from './person.ts';
import { place, type Frame } from './place.ts';
import type { Scene } from './scene.ts';
import type { Size } from '../image-sizes.ts';

/** The light of a time of day, which falls on everything. */
const TINTS = {
  day: null,
  dawn: ['#ffb88a', 0.14],
  golden: ['#ff9a3d', 0.17],
  night: ['#2b2f7a', 0.16],
} as const satisfies Record<Scene['time'], readonly [string, number] | null>;

/** Of the whole person, and where the middle between the eyes is, in thousandths of the image's height. */
const SCALE = 1.04;
const DOWN = 28;
const EYES_Y = 425;

/** An image as SVG, and where its face is in pixels. */
export type Drawing = { svg: string; face: { x: number; y: number; radius: number } };

/** Heads keep their size in narrow images; the person stands on the lower edge in all of them. */
export function portrait(person: Person, scene: Scene, size: Size): Drawing {
  const unit = Math.min(size.height, size.width * 1.2);
  const [width, height] = [(size.width / unit) * 1000, (size.height / unit) * 1000];
  const [left, top] = [-width / 2, (1000 - height) * 0.45];
  const frame: Frame = { left, top, width, height };
  const { behind, inFront } = hair(person);
  const head = `translate(${scene.x} ${EYES_Y}) rotate(${scene.tilt} 0 140)`;
  const tint = TINTS[scene.time];
  const all = `x="${left}" y="${top}" width="${width}" height="${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="${left} ${top} ${width} ${height}">
    ${place(scene, frame)}
    <g transform="translate(0 ${DOWN}) scale(${SCALE})">
      <g transform="${head}">${behind}</g>
      <g transform="translate(${scene.x * 0.6} 0)">${bust(person, scene)}</g>
      <g transform="${head}">${face(person, scene)}${inFront}</g>
    </g>
    ${tint === null ? '' : `<rect ${all} fill="${tint[0]}" opacity="${tint[1]}"/>`}
    <radialGradient id="vignette" cx=".5" cy=".42" r=".85"><stop offset=".6" stop-color="#1a1024" stop-opacity="0"/><stop offset="1" stop-color="#1a1024" stop-opacity=".24"/></radialGradient>
    <rect ${all} fill="url(#vignette)"/></svg>`;
  const scale = unit / 1000;
  const middle = {
    x: (scene.x * SCALE - left) * scale,
    y: ((EYES_Y + 25) * SCALE + DOWN - top) * scale,
    radius: 190 * SCALE * scale,
  };
  return { svg, face: middle };
}
