import { startServer, type ServerProcess } from '../support/server-process.ts';

/** An end nobody asked for says something is wrong; so do these levels. */
const WORST = new Set(['fatal']);
/** After SIGTERM, more than the server gives itself. */
const END_MS = 30_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** One server at one address, through all of its processes. */
export class Instance {
  readonly url: string;
  readonly graphqlUrl: string;
  /** What must not happen, in sentences. */
  readonly troubles: string[] = [];
  /** How often each line of level error came. */
  readonly errors = new Map<string, number>();
  readonly #env: Environment;
  /** How long the last start that succeeded took: what this machine can do at the moment. */
  startMs = 0;
  #process: ServerProcess | null = null;
  #isAskedToEnd = false;

  constructor(port: number, env: Environment) {
    this.url = `http://127.0.0.1:${port}`;
    this.graphqlUrl = `${this.url}/graphql`;
    this.#env = { ...env, PORT: String(port), PUBLIC_URL: this.url, LOG_LEVEL: 'info' };
  }

  get isUp(): boolean {
    return this.#process !== null;
  }

  /** Starts a process; resolves when it is ready, or when it was ended before that. */
  async start(env: Environment = {}): Promise<void> {
    if (this.#process !== null) throw new Error(`${this.url} is up already`);
    this.#isAskedToEnd = false;
    const server = await startServer({ ...this.#env, ...env }, { waitFor: 'nothing' });
    this.#process = server;
    void server.ended.then(({ code, signal }) => this.#ended(server, code ?? signal));
    const beganAt = performance.now();
    await server
      .logged(({ msg }) => msg === 'ready', 'being ready')
      .then(
        () => (this.startMs = performance.now() - beganAt),
        () => undefined,
      );
  }

  async kill(): Promise<void> {
    this.#isAskedToEnd = true;
    await this.#process?.kill();
    this.#process = null;
  }

  /** Ends it in good order. */
  async terminate(): Promise<void> {
    const server = this.#process;
    if (server === null) return;
    this.#isAskedToEnd = true;
    server.signal('SIGTERM');
    const late = setTimeout(() => void server.kill(), END_MS);
    const { code, signal } = await server.ended;
    clearTimeout(late);
    this.#process = null;
    // Before it is ready it has no handler yet, and ends as any process does.
    const wasReady = server.log.some(({ msg }) => msg === 'ready');
    if (code !== 0 && wasReady) this.troubles.push(`after SIGTERM ${this.url} ended with ${code ?? signal}`);
  }

  #ended(server: ServerProcess, how: number | string | null): void {
    for (const { level, msg } of server.log) {
      if (level === 'error') this.errors.set(msg, (this.errors.get(msg) ?? 0) + 1);
      if (WORST.has(level)) this.troubles.push(`${this.url} said: ${msg}`);
    }
    if (!this.#isAskedToEnd) {
      const last = server.log.at(-1)?.msg ?? '';
      this.troubles.push(`${this.url} ended by itself (${how ?? ''}): ${last}\n${server.printed()}`);
      this.#process = null;
    }
  }
}
