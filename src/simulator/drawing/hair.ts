import { lay, shade, type Colour } from './colour.ts';
import { faceShape, type OnFace } from './face.ts';
import type { Person } from './person.ts';
import { cover, ellipse } from './shape.ts';

/** Below the crown, long hair falls straight down to here; measured from the middle of the face. */
const FALL = { short: 0, curls: 0.1, bun: 0, bob: 0.17, long: 0.46 } as const;
const VOLUME = { short: 1.08, curls: 1.42, bun: 1.1, bob: 1.25, long: 1.24 } as const;

export function hairBehind(colour: Colour, person: Person, at: OnFace): void {
  const { fx, fy, edge } = at;
  const width = person.faceWidth * VOLUME[person.hairStyle];
  const crown = ellipse(fx, fy + 0.045, width, person.faceHeight * (person.hairStyle === 'curls' ? 1.12 : 1));
  const fall = FALL[person.hairStyle];
  const curtain = Math.max(Math.abs(fx) - width * (1 + Math.max(0, fy) * 0.25), fy - fall, -0.06 - fy);
  let shape = fall > 0 && person.hairStyle !== 'curls' ? Math.min(crown, curtain) : crown;
  if (person.hairStyle === 'bun') shape = Math.min(shape, ellipse(fx, fy + 0.275, 0.075, 0.066));
  if (person.hairStyle === 'curls') shape += Math.sin(Math.atan2(fy + 0.03, fx) * 17) * 0.009;
  if (shape > edge) return;
  lay(colour, shade(person.hair, 0.72), cover(shape, edge));
  lay(colour, shade(person.hair, 1.2), cover(shape, edge) * Math.max(0, Math.min(0.6, at.side * 3)));
}

export function hairInFront(colour: Colour, person: Person, at: OnFace): void {
  const { fx, fy, edge } = at;
  const cap = ellipse(fx, fy + 0.02, person.faceWidth * 1.07, person.faceHeight * 1.06);
  if (cap > edge || fy > 0.06) return;
  // The hairline swings over the forehead from a parting on one side.
  const sway = fx / person.faceWidth - person.fringe;
  const line = -person.faceHeight * 0.62 + sway * sway * 0.055 + Math.abs(sway) * 0.01;
  const temples = faceShape(at, person) > -0.012 && fy < -0.02 ? -0.01 : 1;
  const shape = Math.max(cap, Math.min(fy - line, temples));
  if (shape > edge) return;
  const on = cover(shape, edge);
  lay(colour, person.hair, on);
  lay(colour, shade(person.hair, 1.5), on * Math.max(0, Math.min(0.5, at.side * 4)));
  const strand = Math.sin((fx + fy * 0.4) * 190 + Math.sin(fy * 40) * 1.5);
  lay(colour, shade(person.hair, strand > 0 ? 1.35 : 0.7), on * 0.16 * Math.abs(strand));
}
