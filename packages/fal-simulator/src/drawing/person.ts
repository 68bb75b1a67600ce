import { mix, shade, type Colour } from './colour.ts';
import type { Likeness } from '../likeness.ts';
import { diceOf } from './dice.ts';

/** Eight and sixteen: a likeness has three bits for the one, and four for the other. */
export const SKINS: readonly Colour[] = [
  '#fbe0cf',
  '#f3cbb0',
  '#e8b48f',
  '#d69a72',
  '#bd7d55',
  '#9a5f3d',
  '#774630',
  '#553125',
];
export const HAIRS: readonly Colour[] = [
  '#1c1a22',
  '#2a211f',
  '#3b2a22',
  '#4e3426',
  '#65422c',
  '#7d5435',
  '#96693f',
  '#b4854e',
  '#cfa869',
  '#e2c88f',
  '#8f3f25',
  '#b5552b',
  '#6f6a6c',
  '#a3a0a2',
  '#d9d5d2',
  '#402f3f',
];

export const HAIR_STYLES = ['crop', 'parted', 'curls', 'afro', 'bob', 'long', 'waves', 'bun'] as const;
export type HairStyle = (typeof HAIR_STYLES)[number];
/** Beards grow under these only. */
const SHORT: readonly HairStyle[] = ['crop', 'parted', 'curls', 'afro'];

/** What stays the same in every image of one model. Lengths are in thousandths of the image's height. */
export type Person = {
  skin: Colour;
  hair: Colour;
  hairStyle: HairStyle;
  /** Side of the parting: -1 or 1. */
  parting: number;
  faceWidth: number;
  chin: number;
  /** 0 pointed to 1 square. */
  jaw: number;
  eyes: number;
  eyeGap: number;
  iris: Colour;
  brow: { width: number; arch: number };
  nose: number;
  lips: Colour;
  mouth: number;
  beard: 'none' | 'stubble' | 'full' | 'moustache';
  glasses: 'none' | 'round' | 'square';
  freckles: boolean;
  earrings: boolean;
};

export function personOf(likeness: Likeness): Person {
  const bits = parseInt(likeness, 16);
  const skin = SKINS[bits & 7] ?? '#d69a72';
  const hair = HAIRS[(bits >> 3) & 15] ?? '#3b2a22';
  const dice = diceOf('person', likeness);
  const hairStyle = dice.pick(HAIR_STYLES);
  const isShort = SHORT.includes(hairStyle);
  const hasBeard = isShort && dice.next() < 0.55;
  return {
    skin,
    hair,
    hairStyle,
    parting: dice.pick([-1, 1]),
    faceWidth: dice.between(126, 142) + (isShort ? 4 : 0),
    chin: dice.between(176, 196),
    jaw: dice.between(0, 0.6) + (isShort ? 0.4 : 0),
    eyes: dice.between(0.92, 1.12),
    eyeGap: dice.between(54, 61),
    iris: dice.pick(['#3a2418', '#4d3020', '#5e6b3a', '#3f6f86', '#4a5f7a']),
    brow: { width: dice.between(8, 13), arch: dice.between(2, 12) },
    nose: dice.between(0.85, 1.2),
    lips: mix(mix(skin, '#c2413f', 0.42), shade(skin, 0.6), isShort ? 0.4 : 0.1),
    mouth: dice.between(36, 46),
    beard: hasBeard ? dice.pick(['stubble', 'full', 'full', 'moustache'] as const) : 'none',
    glasses: dice.next() < 0.3 ? dice.pick(['round', 'square'] as const) : 'none',
    freckles: dice.next() < 0.2,
    earrings: !isShort && dice.next() < 0.5,
  };
}
