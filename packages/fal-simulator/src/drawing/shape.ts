/** Signed distance, about: negative inside. Exact only on the axes, which soft outlines forgive. */
export function ellipse(x: number, y: number, halfWidth: number, halfHeight: number): number {
  const [across, along] = [x / halfWidth, y / halfHeight];
  return (Math.sqrt(across * across + along * along) - 1) * Math.min(halfWidth, halfHeight);
}

/** 1 inside, 0 outside, smooth over `edge` on both sides of the outline. */
export function cover(distance: number, edge: number): number {
  if (distance <= -edge) return 1;
  if (distance >= edge) return 0;
  const share = 0.5 - distance / (2 * edge);
  return share * share * (3 - 2 * share);
}
