const LONGEST_TEXT = 200;

/** The beginning of a text, for error messages. */
export function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** The same for JSON; large values are replaced by a description. */
export function shortenedValue(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value);
  if (typeof value !== 'object' || value === null || roomAfter(value, LONGEST_TEXT) >= 0) return value;
  return Array.isArray(value) ? `a list of ${value.length}` : 'a large object';
}

/** `room` minus the size of a value; stops below 0. */
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
