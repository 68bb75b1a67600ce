/** A colour in SVG: `#` and six hex digits. */
export type Colour = `#${string}`;

/** @param hue in turns, so that 1 is red again */
export function hsl(hue: number, saturation: number, lightness: number): Colour {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const place = (offset + (((hue % 1) + 1) % 1) * 12) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1)));
  };
  return hexOf([channel(0), channel(8), channel(4)]);
}

/** Red, green, blue from 0 to 255. */
export function channelsOf(colour: Colour): [number, number, number] {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** `share` of the second colour in the first one. */
export function mix(first: Colour, second: Colour, share: number): Colour {
  const others = channelsOf(second);
  return hexOf(channelsOf(first).map((channel, at) => channel + ((others[at] ?? 0) - channel) * share));
}

/** Towards white above 1, towards a warm black below. */
export function shade(colour: Colour, factor: number): Colour {
  return factor > 1 ? mix(colour, '#fff6ea', factor - 1) : mix(colour, '#1a1024', 1 - factor);
}

function hexOf(channels: readonly number[]): Colour {
  const digits = channels.map((channel) => Math.max(0, Math.min(255, Math.round(channel))));
  return `#${digits.map((digit) => digit.toString(16).padStart(2, '0')).join('')}`;
}
