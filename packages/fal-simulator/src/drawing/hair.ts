import { lay, shade } from './colour.ts';
import { faceShape, type HeadPart } from './face.ts';
import type { Person } from './person.ts';
import { cover, ellipse } from './shape.ts';

/** Below the crown, straight hair falls down to here; measured from the middle of the face. */
const FALL = { short: 0, curls: 0, bun: 0, bob: 0.17, long: 0.42 } as const;
const VOLUME = { short: 1.08, curls: 1.42, bun: 1.1, bob: 1.25, long: 1.24 } as const;

export function hairOf(person: Person): { behind: HeadPart; inFront: HeadPart } {
  const { hairStyle, faceWidth, faceHeight } = person;
  const dark = shade(person.hair, 0.72);
  const lit = shade(person.hair, 1.2);
  const bright = shade(person.hair, 1.5);
  const strandLit = shade(person.hair, 1.35);
  const strandDark = shade(person.hair, 0.7);
  const width = faceWidth * VOLUME[hairStyle];
  const fall = FALL[hairStyle];
  const height = faceHeight * (hairStyle === 'curls' ? 1.12 : 1);

  const behind: HeadPart = (colour, fx, fy, side, edge) => {
    let shape = ellipse(fx, fy + 0.045, width, height);
    if (fall > 0) {
      shape = Math.min(
        shape,
        Math.max(Math.abs(fx) - width * (1 + Math.max(0, fy) * 0.25), fy - fall, -0.06 - fy),
      );
    }
    if (hairStyle === 'bun') shape = Math.min(shape, ellipse(fx, fy + 0.275, 0.075, 0.066));
    if (hairStyle === 'curls') shape += Math.sin(Math.atan2(fy + 0.03, fx) * 17) * 0.009;
    if (shape > edge) return;
    const on = cover(shape, edge);
    lay(colour, dark, on);
    lay(colour, lit, on * Math.max(0, Math.min(0.6, side * 3)));
  };

  const inFront: HeadPart = (colour, fx, fy, side, edge) => {
    if (fy > 0.06) return;
    const cap = ellipse(fx, fy + 0.02, faceWidth * 1.07, faceHeight * 1.06);
    if (cap > edge) return;
    // The hairline swings over the forehead from a parting on one side.
    const sway = fx / faceWidth - person.fringe;
    const line = -faceHeight * 0.62 + sway * sway * 0.055 + Math.abs(sway) * 0.01;
    const temples = fy < -0.02 && faceShape(person, fx, fy) > -0.012 ? -0.01 : 1;
    const shape = Math.max(cap, Math.min(fy - line, temples));
    if (shape > edge) return;
    const on = cover(shape, edge);
    lay(colour, person.hair, on);
    lay(colour, bright, on * Math.max(0, Math.min(0.5, side * 4)));
    const strand = Math.sin((fx + fy * 0.4) * 190 + Math.sin(fy * 40) * 1.5);
    lay(colour, strand > 0 ? strandLit : strandDark, on * 0.16 * Math.abs(strand));
  };
  return { behind, inFront };
}
