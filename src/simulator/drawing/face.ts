import { lay, shade, type Colour } from './colour.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';
import { cover, ellipse } from './shape.ts';

export type OnFace = { fx: number; fy: number; side: number; edge: number };

const WHITE: Colour = [250, 248, 244];
const INK: Colour = [38, 28, 34];
const ROSE: Colour = [226, 96, 92];

/** Narrower below the cheeks, by the person's jaw. */
export function faceShape({ fx, fy }: { fx: number; fy: number }, person: Person): number {
  const below = Math.max(0, fy / person.faceHeight);
  return ellipse(fx / (1 - person.jaw * below * below), fy, person.faceWidth, person.faceHeight);
}

export function paintFace(colour: Colour, person: Person, at: OnFace & { scene: Scene }): void {
  const { fx, fy, side, edge, scene } = at;
  const ear = ellipse(Math.abs(fx) - person.faceWidth * 0.97, fy - 0.01, 0.022, 0.042);
  lay(colour, shade(person.skin, side > 0 ? 0.95 : 0.72), cover(ear, edge));
  const face = faceShape(at, person);
  if (face > edge) return;
  const on = cover(face, edge);
  lay(colour, person.skin, on);
  lay(colour, shade(person.skin, 1.12), on * Math.max(0, Math.min(0.8, side * 6)));
  lay(colour, shade(person.skin, 0.74), on * Math.max(0, Math.min(0.75, -side * 6 - 0.12)));

  const x = fx - scene.turn;
  const far = Math.abs(x);
  lay(colour, ROSE, on * 0.2 * cover(ellipse(far - 0.078, fy - 0.055, 0.035, 0.028), 0.028));

  // Nose: the shadow of its bridge away from the light, and the tip.
  const bridge = Math.max(
    Math.abs(x + scene.light * 0.012) - 0.004 - Math.max(0, fy) * 0.1,
    fy - 0.06,
    -0.03 - fy,
  );
  lay(colour, shade(person.skin, 0.66), on * 0.55 * cover(bridge, 0.006));
  lay(colour, shade(person.skin, 0.6), on * 0.6 * cover(ellipse(x, fy - 0.064, 0.018, 0.004), 0.004));

  const eye = ellipse(far - 0.062, fy + 0.012, 0.027, 0.0135);
  lay(colour, WHITE, on * cover(eye, edge));
  const inner = x < 0 ? x + 0.062 - scene.turn * 0.25 : x - 0.062 - scene.turn * 0.25;
  const iris = Math.max(Math.hypot(inner, fy + 0.013) - 0.0125, eye);
  lay(colour, person.iris, on * cover(iris, edge));
  lay(colour, INK, on * cover(Math.max(iris, Math.hypot(inner, fy + 0.013) - 0.0065), edge));
  lay(colour, WHITE, on * cover(Math.hypot(inner - scene.light * 0.004, fy + 0.018) - 0.003, edge));
  const lid = Math.abs(ellipse(far - 0.062, fy + 0.011, 0.029, 0.016)) - 0.0024;
  if (fy < -0.008) lay(colour, INK, on * 0.9 * cover(lid, edge));

  const arch = fy + 0.052 + (far - 0.064) * person.brow - (far - 0.064) * (far - 0.064) * 5;
  const brow = Math.max(Math.abs(arch) - 0.0055 + (far - 0.06) * 0.05, Math.abs(far - 0.064) - 0.034);
  lay(colour, shade(person.hair, 0.85), on * cover(brow, edge * 1.5));

  const curve = fy - 0.118 + scene.smile * x * x * 6;
  const half = 0.046 + scene.smile * 0.012;
  const lips = ellipse(x, curve, half, 0.0125 + scene.smile * 0.002);
  lay(colour, person.lips, on * cover(lips, edge));
  lay(
    colour,
    shade(person.lips, 0.55),
    on * cover(Math.max(Math.abs(curve + 0.001) - 0.0014, Math.abs(x) - half * 0.92), edge),
  );

  if (!person.glasses) return;
  const rim = Math.abs(ellipse(far - 0.064, fy + 0.008, 0.047, 0.038)) - 0.0032;
  const nosepiece = Math.max(Math.abs(fy + 0.018) - 0.0028, far - 0.02);
  lay(colour, INK, on * cover(Math.min(rim, nosepiece), edge));
}
