/** One line of the server's log. */
type LogLine = {
  readonly level: string;
  readonly msg: string;
  readonly correlationId?: string;
  readonly err?: { readonly message: string; readonly stack: string };
} & Readonly<Record<string, unknown>>;

/**
 * Takes the place of standard output for the server's log. A line of level error means that something is wrong with
 * the server, so each one that a test did not announce is a complaint, and so is an announced one that never came.
 */
export class CollectedLog {
  readonly lines: LogLine[] = [];
  readonly #secret: string;
  readonly #expected: { readonly message: string; isSeen: boolean }[] = [];
  readonly #complaints: string[] = [];

  /** @param secret a text that may stand in no line at all */
  constructor(secret: string) {
    this.#secret = secret;
  }

  write(text: string): void {
    if (text.includes(this.#secret)) this.#complaints.push(`The log has the key in it: ${text}`);
    const line = JSON.parse(text) as LogLine;
    this.lines.push(line);
    if (line.level !== 'error' && line.level !== 'fatal') return;
    const expected = this.#expected.find(({ message }) => message === line.msg);
    if (expected === undefined) this.#complaints.push(`Unexpected in the log: ${text}`);
    else expected.isSeen = true;
  }

  /** Announces error lines with exactly this message: at least one has to come. */
  expectError(message: string): void {
    this.#expected.push({ message, isSeen: false });
  }

  /** What is wrong with it, for whoever closes the app. */
  complaints(): string[] {
    const missing = this.#expected.filter(({ isSeen }) => !isSeen);
    return [
      ...this.#complaints,
      ...missing.map(({ message }) => `Expected in the log, and never came: ${message}`),
    ];
  }
}
