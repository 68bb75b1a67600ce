import { hex, hsl, type Colour } from './colour.ts';
import type { Likeness } from '../likeness.ts';
import { diceOf } from './dice.ts';

const SKIN = ['f6d3bd', 'eebf9f', 'dda37c', 'c68860', 'a86b45', '84502f', '603822'];
const HAIR = [
  '1d1a22',
  '33231c',
  '5a3825',
  '8a5a33',
  'c79a56',
  'd9c39a',
  '9c4426',
  '7b7f8c',
  '3a2f5e',
  '1f4a52',
];

/** What stays the same in every picture of one model. Lengths are in heights of the picture. */
export type Person = {
  skin: Colour;
  hair: Colour;
  hairStyle: 'short' | 'long' | 'bob' | 'bun' | 'curls';
  /** Half axes of the face. */
  faceWidth: number;
  faceHeight: number;
  jaw: number;
  fringe: number;
  brow: number;
  glasses: boolean;
  lips: Colour;
  iris: Colour;
};

export function personOf(likeness: Likeness): Person {
  const dice = diceOf('person', likeness);
  const skin = hex(dice.pick(SKIN));
  return {
    skin,
    hair: hex(dice.pick(HAIR)),
    hairStyle: dice.pick(['short', 'long', 'bob', 'bun', 'curls'] as const),
    faceWidth: dice.between(0.138, 0.16),
    faceHeight: dice.between(0.188, 0.212),
    jaw: dice.between(0.1, 0.34),
    fringe: dice.between(-0.5, 0.5),
    brow: dice.between(-0.25, 0.25),
    glasses: dice.next() < 0.28,
    lips: [skin[0] * 0.82, skin[1] * 0.5, skin[2] * 0.5],
    iris: hsl(dice.pick([0.07, 0.09, 0.3, 0.56, 0.6]), 0.45, 0.3),
  };
}
