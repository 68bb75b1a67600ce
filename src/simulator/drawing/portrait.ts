import { lay, shade, type Colour } from './colour.ts';
import { paintFace } from './face.ts';
import { hairBehind, hairInFront } from './hair.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';
import { cover, ellipse } from './shape.ts';

/** Colour of one point: x from the middle, y from top (0) to bottom (1), `edge` the softness of outlines. */
export type Painter = (x: number, y: number, edge: number) => Colour;

export function portrait(person: Person, scene: Scene): Painter {
  const { light } = scene;
  const clothLit = shade(scene.cloth, 1.25);
  const clothDark = shade(scene.cloth, 0.62);
  const seam = shade(scene.cloth, 0.45);
  const neckDark = shade(person.skin, 0.7);
  const [cos, sin] = [Math.cos(scene.tilt), Math.sin(scene.tilt)];

  return (x, y, edge) => {
    const colour = background(scene, x, y, edge);

    // The head has coordinates of its own: (0, 0) is the middle of the face, tilted with it.
    const [dx, dy] = [x - scene.x, y - scene.y];
    const [fx, fy] = [dx * cos + dy * sin, dy * cos - dx * sin];
    const side = light * fx;

    hairBehind(colour, person, { fx, fy, side, edge });

    const bodyX = x - scene.x * 0.6;
    const shoulders = bodyShape(bodyX, y);
    if (shoulders < edge) {
      const on = cover(shoulders, edge);
      lay(colour, scene.cloth, on);
      lay(colour, clothLit, on * Math.max(0, light * bodyX * 1.7));
      lay(colour, clothDark, on * Math.max(0, -light * bodyX * 1.6 + (y - 0.85)));
      const fold = Math.abs(Math.abs(bodyX) - 0.26 - (y - 0.8) * 0.12);
      if (y > 0.84) lay(colour, seam, on * 0.5 * cover(fold - 0.002, 0.004));
    }

    const neck = neckShape(bodyX, y, scene.collar);
    if (neck < edge) {
      const on = cover(neck, edge);
      lay(colour, person.skin, on);
      lay(colour, neckDark, on * (1 - Math.min(1, Math.max(0, (fy - person.faceHeight + 0.02) / 0.13))));
      lay(colour, neckDark, on * Math.max(0, -light * bodyX * 5));
    }
    if (scene.collar === 'high') {
      const band = Math.max(Math.abs(bodyX) - 0.1, Math.abs(y - 0.735 + bodyX * bodyX * 1.2) - 0.035);
      lay(colour, side > 0 ? scene.cloth : clothDark, cover(band, edge * 2));
    }
    paintFace(colour, person, { fx, fy, side, edge, scene });
    hairInFront(colour, person, { fx, fy, side, edge });
    return colour;
  };
}

function background(scene: Scene, x: number, y: number, edge: number): Colour {
  const colour: Colour = [...scene.top];
  const share = Math.min(1, Math.max(0, y + scene.slant * x));
  lay(colour, scene.bottom, share * share * (3 - 2 * share));
  for (const disc of scene.discs) {
    const distance = Math.hypot(x - disc.x, y - disc.y) - disc.radius;
    if (distance < disc.soft)
      lay(colour, disc.colour, disc.strength * cover(distance, Math.max(disc.soft, edge)));
  }
  return colour;
}

function bodyShape(x: number, y: number): number {
  const width = Math.abs(x) / 0.43;
  const height = Math.max(0, 1.16 - y) / 0.42;
  return (Math.pow(width * width * width + height * height * height, 1 / 3) - 1) * 0.4;
}

function neckShape(x: number, y: number, collar: Scene['collar']): number {
  const column = Math.max(Math.abs(x) - 0.072 - Math.max(0, y - 0.7) * 0.35, y - 0.77, 0.45 - y);
  if (collar === 'high') return column;
  const opening =
    collar === 'round'
      ? ellipse(x, y - 0.745, 0.12, 0.06)
      : Math.max(Math.abs(x) * 1.6 + (y - 0.93), 0.7 - y);
  const within = Math.max(opening, collar === 'vee' ? Math.abs(x) - 0.13 : -1);
  return Math.min(column, within);
}
