/** Red, green, blue from 0 to 255, not rounded. */
export type Colour = [number, number, number];

/** @param hue in turns, so that 1 is red again */
export function hsl(hue: number, saturation: number, lightness: number): Colour {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const place = (offset + (((hue % 1) + 1) % 1) * 12) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

export function hex(code: string): Colour {
  const value = parseInt(code, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Lays `colour` over `under`, in place. */
export function lay(under: Colour, colour: Colour, cover: number): void {
  if (cover <= 0) return;
  const share = cover > 1 ? 1 : cover;
  under[0] += (colour[0] - under[0]) * share;
  under[1] += (colour[1] - under[1]) * share;
  under[2] += (colour[2] - under[2]) * share;
}

export function shade(colour: Colour, factor: number): Colour {
  return [
    Math.min(255, colour[0] * factor),
    Math.min(255, colour[1] * factor),
    Math.min(255, colour[2] * factor),
  ];
}
