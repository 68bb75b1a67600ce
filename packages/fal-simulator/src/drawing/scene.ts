import { hsl, type Colour } from './colour.ts';
import { diceOf } from './dice.ts';

export type Disc = { x: number; y: number; radius: number; soft: number; colour: Colour; strength: number };

/** What changes from picture to picture: light, place, clothes, pose. */
export type Scene = {
  top: Colour;
  bottom: Colour;
  slant: number;
  discs: Disc[];
  cloth: Colour;
  collar: 'round' | 'vee' | 'high';
  /** -1 light from the left, 1 from the right. */
  light: number;
  /** Middle of the face. */
  x: number;
  y: number;
  tilt: number;
  turn: number;
  smile: number;
};

export function sceneOf(prompt: string, seed: number, index: number, model: string): Scene {
  const dice = diceOf('scene', prompt, seed, index, model);
  const hue = dice.next();
  const far = hue + dice.pick([0.08, 0.14, -0.1, 0.45]);
  const dark = dice.next() < 0.4;
  const light = dice.pick([-1, 1]);
  const halo = { x: dice.between(-0.16, 0.16), y: dice.between(0.38, 0.5), radius: dice.between(0.3, 0.42) };
  const discs: Disc[] = [
    { ...halo, soft: 0.006, colour: hsl(far + 0.05, 0.7, dark ? 0.5 : 0.74), strength: 0.75 },
  ];
  for (let count = 0; count < 7; count += 1) {
    const radius = dice.between(0.03, 0.16);
    const place = {
      x: dice.between(-0.85, 0.85),
      y: dice.between(-0.1, 0.8),
      radius,
      soft: dice.pick([0.008, radius * 0.7]),
    };
    discs.push({
      ...place,
      colour: hsl(hue + dice.between(-0.1, 0.2), 0.75, 0.7),
      strength: dice.between(0.1, 0.35),
    });
  }
  return {
    top: hsl(hue, dark ? 0.45 : 0.6, dark ? 0.16 : 0.62),
    bottom: hsl(far, dark ? 0.55 : 0.7, dark ? 0.36 : 0.82),
    slant: dice.between(-0.5, 0.5),
    discs,
    cloth: hsl(hue + dice.pick([0.5, 0.4, 0.58, 0.03]), dice.between(0.3, 0.65), dice.between(0.24, 0.5)),
    collar: dice.pick(['round', 'vee', 'high'] as const),
    light,
    x: dice.between(-0.045, 0.045),
    y: dice.between(0.475, 0.505),
    tilt: dice.between(-0.13, 0.13),
    turn: dice.between(-0.03, 0.03),
    smile: dice.between(0.15, 1),
  };
}
