const LONGEST_TEXT = 200;

/** A text as errors quote it: who sent a long one knows the rest. */
export function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** The same for any JSON: what is large is only named. */
export function shortenedValue(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value);
  if (typeof value !== 'object' || value === null || roomAfter(value, LONGEST_TEXT) >= 0) return value;
  return Array.isArray(value) ? `a list of ${value.length}` : 'a large object';
}

/** What is left of `room` after a value; below 0 as soon as it does not fit, without looking at the rest. */
function roomAfter(value: unknown, room: number): number {
  if (typeof value === 'string') return room - value.length;
  if (typeof value !== 'object' || value === null) return room - 1;
  let left = room;
  for (const [name, inner] of Object.entries(value)) {
    left = roomAfter(inner, left - name.length);
    if (left < 0) return left;
  }
  return left;
}
