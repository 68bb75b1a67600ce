/** Serializing deeper JSON would overflow the stack. */
const DEEPEST = 100;
const MOST_REMEMBERED = 64 * 1024;

export type SubmittedBody = {
  /** Null: not an object. */
  input: Record<string, unknown> | null;
  fault: 'not JSON' | 'too deep' | null;
  /** For the request log: parsed JSON, or the beginning of a long or invalid text. */
  remembered: unknown;
};

export function readSubmitted(text: string): SubmittedBody {
  const cut = text.length > MOST_REMEMBERED ? `${text.slice(0, MOST_REMEMBERED)}…` : text;
  const body = parseJson(text);
  if (body === undefined) return { input: null, fault: 'not JSON', remembered: cut };
  if (isDeeper(body, DEEPEST)) return { input: null, fault: 'too deep', remembered: cut };
  const remembered = cut === text ? body : cut;
  return { input: isObject(body) ? body : null, fault: null, remembered };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
