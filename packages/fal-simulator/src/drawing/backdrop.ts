import { lay, type Colour } from './colour.ts';
import type { Scene } from './scene.ts';
import { cover } from './shape.ts';

/** Everything behind the person: a slanted gradient, a large disc like a sun, smaller lights. */
export function backdrop(scene: Scene): (x: number, y: number, edge: number) => Colour {
  const { top, bottom, slant } = scene;
  const discs = scene.discs.map((disc) => ({ ...disc, reach: (disc.radius + disc.soft) ** 2 }));
  return (x, y, edge) => {
    const colour: Colour = [top[0], top[1], top[2]];
    const share = Math.min(1, Math.max(0, y + slant * x));
    lay(colour, bottom, share * share * (3 - 2 * share));
    for (const disc of discs) {
      const [dx, dy] = [x - disc.x, y - disc.y];
      const square = dx * dx + dy * dy;
      if (square > disc.reach) continue;
      lay(
        colour,
        disc.colour,
        disc.strength * cover(Math.sqrt(square) - disc.radius, Math.max(disc.soft, edge)),
      );
    }
    return colour;
  };
}
