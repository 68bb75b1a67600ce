import { backdrop } from './backdrop.ts';
import { lay, shade, type Colour } from './colour.ts';
import { faceOf } from './face.ts';
import { hairOf } from './hair.ts';
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
  const behind = backdrop(scene);
  const hair = hairOf(person);
  const face = faceOf(person, scene);

  return (x, y, edge) => {
    const colour = behind(x, y, edge);

    // The head has coordinates of its own: (0, 0) is the middle of the face, tilted with it.
    const [dx, dy] = [x - scene.x, y - scene.y];
    const [fx, fy] = [dx * cos + dy * sin, dy * cos - dx * sin];
    const side = light * fx;
    const nearHead = fx > -0.34 && fx < 0.34 && fy > -0.38 && fy < 0.5;
    if (nearHead) hair.behind(colour, fx, fy, side, edge);

    const bodyX = x - scene.x * 0.6;
    if (y > 0.62) {
      const shoulders = bodyShape(bodyX, y);
      if (shoulders < edge) {
        const on = cover(shoulders, edge);
        lay(colour, scene.cloth, on);
        lay(colour, clothLit, on * Math.max(0, light * bodyX * 1.7));
        lay(colour, clothDark, on * Math.max(0, -light * bodyX * 1.6 + (y - 0.85)));
        const fold = Math.abs(Math.abs(bodyX) - 0.26 - (y - 0.8) * 0.12);
        if (y > 0.84 && fold < 0.006) lay(colour, seam, on * 0.5 * cover(fold - 0.002, 0.004));
      }
    }
    if (bodyX > -0.16 && bodyX < 0.16 && y > 0.5) {
      const neck = neckShape(bodyX, y, scene.collar);
      if (neck < edge) {
        const on = cover(neck, edge);
        lay(colour, person.skin, on);
        lay(colour, neckDark, on * (1 - Math.min(1, Math.max(0, (fy - person.faceHeight + 0.02) / 0.11))));
        lay(colour, neckDark, on * Math.max(0, -light * bodyX * 5));
      }
      if (scene.collar === 'high') {
        const band = Math.max(Math.abs(bodyX) - 0.1, Math.abs(y - 0.735 + bodyX * bodyX * 1.2) - 0.035);
        const on = cover(band, edge * 2);
        lay(colour, scene.cloth, on);
        lay(colour, clothDark, on * Math.min(0.8, Math.max(0, 0.3 - light * bodyX * 5)));
      }
    }
    if (nearHead) {
      face(colour, fx, fy, side, edge);
      hair.inFront(colour, fx, fy, side, edge);
    }
    return colour;
  };
}

function bodyShape(x: number, y: number): number {
  const width = Math.abs(x) / 0.45;
  const height = Math.max(0, 1.16 - y) / 0.435;
  return (Math.cbrt(width * width * width + height * height * height) - 1) * 0.4;
}

function neckShape(x: number, y: number, collar: Scene['collar']): number {
  const column = Math.max(Math.abs(x) - 0.074 - Math.max(0, y - 0.69) * 0.4, y - 0.77, 0.5 - y);
  if (collar === 'high') return column;
  const opening =
    collar === 'round'
      ? ellipse(x, y - 0.735, 0.125, 0.062)
      : Math.max(Math.abs(x) * 1.6 + (y - 0.93), 0.7 - y);
  return Math.min(column, collar === 'vee' ? Math.max(opening, Math.abs(x) - 0.12) : opening);
}
