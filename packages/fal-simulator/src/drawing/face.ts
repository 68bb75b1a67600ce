import { lay, shade, type Colour } from './colour.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';
import { cover, ellipse } from './shape.ts';

/** Lays a part of the head over `colour`. fx, fy from the middle of the face; side > 0 is towards the light. */
export type HeadPart = (colour: Colour, fx: number, fy: number, side: number, edge: number) => void;

const WHITE: Colour = [250, 248, 244];
const INK: Colour = [38, 28, 34];
const ROSE: Colour = [226, 96, 92];

/** Narrower below the cheeks, by the person's jaw. */
export function faceShape(person: Person, fx: number, fy: number): number {
  const below = Math.max(0, fy / person.faceHeight);
  return ellipse(fx / (1 - person.jaw * below * below), fy, person.faceWidth, person.faceHeight);
}

export function faceOf(person: Person, scene: Scene): HeadPart {
  const { skin } = person;
  const lit = shade(skin, 1.12);
  const dim = shade(skin, 0.74);
  const earLit = shade(skin, 0.95);
  const earDim = shade(skin, 0.72);
  const features = featuresOf(person, scene);

  return (colour, fx, fy, side, edge) => {
    const ear = ellipse(Math.abs(fx) - person.faceWidth * 0.97, fy - 0.01, 0.022, 0.042);
    if (ear < edge) lay(colour, side > 0 ? earLit : earDim, cover(ear, edge));
    const face = faceShape(person, fx, fy);
    if (face > edge) return;
    const on = cover(face, edge);
    lay(colour, skin, on);
    lay(colour, lit, on * Math.max(0, Math.min(0.8, side * 6)));
    lay(colour, dim, on * Math.max(0, Math.min(0.75, -side * 6 - 0.12)));
    if (fy > -0.12 && fy < 0.16) features(colour, fx, fy, side, edge);
  };
}

function featuresOf(person: Person, { turn, light, smile }: Scene): HeadPart {
  const bridgeTone = shade(person.skin, 0.66);
  const tipTone = shade(person.skin, 0.6);
  const browTone = shade(person.hair, 0.85);
  const lipLine = shade(person.lips, 0.55);
  const half = 0.046 + smile * 0.012;

  return (colour, fx, fy, _side, edge) => {
    const x = fx - turn;
    const far = Math.abs(x);
    lay(colour, ROSE, 0.2 * cover(ellipse(far - 0.078, fy - 0.055, 0.035, 0.028), 0.028));

    // Nose: the shadow of its bridge away from the light, and the tip.
    if (far < 0.03) {
      const bridge = Math.max(
        Math.abs(x + light * 0.012) - 0.004 - Math.max(0, fy) * 0.1,
        fy - 0.06,
        -0.03 - fy,
      );
      lay(colour, bridgeTone, 0.55 * cover(bridge, 0.006));
      lay(colour, tipTone, 0.6 * cover(ellipse(x, fy - 0.064, 0.018, 0.004), 0.004));
    }
    if (fy > -0.05 && fy < 0.02) {
      const eye = ellipse(far - 0.062, fy + 0.012, 0.027, 0.0135);
      lay(colour, WHITE, cover(eye, edge));
      const across = (x < 0 ? x + 0.062 : x - 0.062) - turn * 0.25;
      const round = Math.sqrt(across * across + (fy + 0.013) * (fy + 0.013));
      lay(colour, person.iris, cover(Math.max(round - 0.0125, eye), edge));
      lay(colour, INK, cover(Math.max(round - 0.0065, eye), edge));
      lay(colour, WHITE, cover(Math.hypot(across - light * 0.004, fy + 0.018) - 0.003, edge));
      const lid = Math.abs(ellipse(far - 0.062, fy + 0.011, 0.029, 0.016)) - 0.0024;
      if (fy < -0.008) lay(colour, INK, 0.9 * cover(lid, edge));
    }
    if (fy < -0.02) {
      const arch = fy + 0.052 + (far - 0.064) * person.brow - (far - 0.064) * (far - 0.064) * 5;
      const brow = Math.max(Math.abs(arch) - 0.0055 + (far - 0.06) * 0.05, Math.abs(far - 0.064) - 0.034);
      lay(colour, browTone, cover(brow, edge * 1.5));
    }
    if (fy > 0.08) {
      const curve = fy - 0.118 + smile * x * x * 6;
      lay(colour, person.lips, cover(ellipse(x, curve, half, 0.0125 + smile * 0.002), edge));
      lay(colour, lipLine, cover(Math.max(Math.abs(curve + 0.001) - 0.0014, far - half * 0.92), edge));
    }
    if (person.glasses && fy < 0.06) {
      const rim = Math.abs(ellipse(far - 0.064, fy + 0.008, 0.047, 0.038)) - 0.0032;
      const nosepiece = Math.max(Math.abs(fy + 0.018) - 0.0028, far - 0.02);
      lay(colour, INK, cover(Math.min(rim, nosepiece), edge));
    }
  };
}
