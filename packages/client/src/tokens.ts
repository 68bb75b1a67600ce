import { LikenessError } from './errors.ts';

/** A bearer token without `Bearer`, or a function that is asked for it before every request and connection. */
export type TokenOption = string | (() => string | Promise<string>);

export class Tokens {
  readonly #option: TokenOption | undefined;
  #accepted: string | null = null;
  #refused: string | null = null;

  constructor(option: TokenOption | undefined) {
    this.#option = option;
  }

  /** Null: requests have no token. Throws TOKEN_UNAVAILABLE if the function fails. */
  async get(): Promise<string | null> {
    if (typeof this.#option !== 'function') return this.#option ?? null;
    try {
      return await this.#option();
    } catch (cause) {
      throw new LikenessError('TOKEN_UNAVAILABLE', 'The token function failed.', { cause });
    }
  }

  accept(token: string | null): void {
    this.#accepted = token;
  }

  refuse(token: string | null): void {
    this.#refused = token;
  }

  /**
   * After a refusal: whether to try the token that the function gives now. It may also be the old one, if the server has
   * accepted it before: their clocks differ, and the function finds it good for another moment.
   */
  async hasAnother(): Promise<boolean> {
    if (typeof this.#option !== 'function') return false;
    const token = await this.get();
    return token !== this.#refused || token === this.#accepted;
  }
}
