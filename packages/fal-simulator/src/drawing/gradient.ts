import type { Colour } from './colour.ts';

/** An ellipse that fades to its rim: a light, a blush. Blur filters would take most of the time of an image. */
export function glow(
  id: string,
  { x, y, across, along }: { x: number; y: number; across: number; along: number },
  colour: Colour,
  opacity: number,
): string {
  return `<radialGradient id="${id}"><stop offset="0" stop-color="${colour}" stop-opacity="${opacity}"/><stop offset=".5" stop-color="${colour}" stop-opacity="${opacity * 0.5}"/><stop offset="1" stop-color="${colour}" stop-opacity="0"/></radialGradient>
    <ellipse cx="${x}" cy="${y}" rx="${across}" ry="${along}" fill="url(#${id})"/>`;
}

/** A gradient over a shape that is strongest at one side: -1 left, 1 right. */
export function fade(id: string, colour: Colour, opacity: number, side: number): string {
  const [from, to] = side > 0 ? [1, 0] : [0, 1];
  return `<linearGradient id="${id}" x1="${from}" x2="${to}" y1=".55" y2=".45"><stop offset="0" stop-color="${colour}" stop-opacity="${opacity}"/><stop offset=".42" stop-color="${colour}" stop-opacity="0"/></linearGradient>`;
}

export function downward(id: string, top: Colour, bottom: Colour, slant = 0): string {
  return `<linearGradient id="${id}" x1="${0.5 - slant}" y1="0" x2="${0.5 + slant}" y2="1"><stop offset="0" stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient>`;
}
