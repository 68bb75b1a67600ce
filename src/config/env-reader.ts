import { readFileSync, statSync } from 'node:fs';
import { errorCodeOf } from '../values/error-code.ts';
import { parseUrl } from '../values/web-url.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings, and collects problems without the values of secrets. */
export class EnvReader {
  readonly problems: string[] = [];
  readonly #environment: Environment;
  readonly #read = new Set<string>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | null {
    this.#read.add(name);
    const value = this.#environment[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  /** Names of limits that nothing has read. */
  unreadLimits(): readonly string[] {
    return Object.keys(this.#environment).filter(
      (name) => name.startsWith('LIMIT_') && !this.#read.has(name),
    );
  }

  wholeNumber(name: string, { min, max }: { readonly min: number; readonly max: number }): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (number >= min && number <= max) return number;
    this.problems.push(
      `${name}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(value)}`,
    );
    return null;
  }

  /** The text of the file that a setting names. */
  file(name: string, maxBytes: number): string | null {
    const path = this.text(name);
    if (path === null) return null;
    try {
      const status = statSync(path);
      if (status.isFile() && status.size <= maxBytes) return readFileSync(path, 'utf8');
      const got = status.isFile() ? `${status.size} bytes` : 'no file';
      this.problems.push(`${name}: expected a file of at most ${maxBytes} bytes, got ${got}`);
    } catch (error) {
      const reason = errorCodeOf(error) || 'unknown';
      this.problems.push(`${name}: expected a readable file, got the error ${reason}`);
    }
    return null;
  }

  /** A comma-separated list of one to `maxCount` whole numbers. */
  wholeNumbers(
    name: string,
    { min, max, maxCount }: { readonly min: number; readonly max: number; readonly maxCount: number },
  ): readonly number[] | null {
    const value = this.text(name);
    if (value === null) return null;
    const entries = value.split(',').map((entry) => entry.trim());
    const numbers = entries.map((entry) => (/^\d{1,15}$/.test(entry) ? Number(entry) : NaN));
    if (numbers.length <= maxCount && numbers.every((number) => number >= min && number <= max))
      return numbers;
    this.problems.push(
      `${name}: expected 1 to ${maxCount} whole numbers from ${min} to ${max}, separated by commas, got ${JSON.stringify(value)}`,
    );
    return null;
  }

  /** A whole number, or `none` (null) for no limit. */
  limit(name: string, fallback: number | null): number | null {
    if (this.text(name) === 'none') return null;
    return this.wholeNumber(name, { min: 0, max: 1_000_000_000 }) ?? fallback;
  }

  /** 1 to 3,650 days, or `none` (null). */
  days(name: string, fallback: number): number | null {
    if (this.text(name) === 'none') return null;
    return this.wholeNumber(name, { min: 1, max: 3650 }) ?? fallback;
  }

  /** US dollars in millionths, or `none` (null) for no limit. Read as text, so that the amount is exact. */
  usdLimit(name: string): number | null {
    const value = this.text(name);
    if (value === null || value === 'none') return null;
    const [, dollars, fraction = ''] = /^(\d{1,7})(?:\.(\d{1,6}))?$/.exec(value) ?? [];
    if (dollars !== undefined) return Number(dollars + fraction.padEnd(6, '0'));
    this.problems.push(
      `${name}: expected US dollars from 0 to 9999999 with at most 6 decimals, such as 1.50, got ${JSON.stringify(value)}`,
    );
    return null;
  }

  onOff(name: string): boolean | null {
    const value = this.oneOf(name, ['on', 'off']);
    return value === null ? null : value === 'on';
  }

  /** A comma-separated list of origins (scheme, host and port), or `*`. */
  origins(name: string): readonly string[] {
    const list = (this.text(name) ?? '').split(',').map((entry) => entry.trim());
    const origins = list.filter((entry) => entry !== '');
    for (const origin of origins) {
      if (origin === '*' || parseUrl(origin)?.origin === origin) continue;
      // Don't echo the rejected value: it may be a URL with a password.
      this.problems.push(`${name}: expected comma-separated origins such as https://app.example.com, or *`);
      break;
    }
    return origins;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.text(name);
    if (value === null) return null;
    const match = allowed.find((choice) => choice === value);
    if (match === undefined) {
      const expected = allowed.length === 1 ? allowed.join() : `one of ${allowed.join(', ')}`;
      this.problems.push(`${name}: expected ${expected}, got ${JSON.stringify(value)}`);
    }
    return match ?? null;
  }

  url(name: string, protocols: readonly string[]): string | null {
    const value = this.text(name);
    if (value === null) return null;
    if (protocols.includes(parseUrl(value)?.protocol ?? '')) return value;
    // Don't echo the rejected value: it may contain a password.
    this.problems.push(
      `${name}: expected a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
    return null;
  }

  /** An http(s) URL without query and fragment; a trailing slash is removed. */
  base(name: string): string | null {
    const value = this.url(name, ['https:', 'http:']);
    if (value === null) return null;
    const { search, hash } = new URL(value);
    if (search !== '' || hash !== '') {
      this.problems.push(`${name}: expected a URL without query and fragment`);
      return null;
    }
    return value.replace(/\/+$/, '');
  }
}
