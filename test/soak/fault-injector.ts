import { setTimeout as pause } from 'node:timers/promises';
import { randomFor, type Random } from '../support/prng.ts';
import type { Server } from '../support/server.ts';
import type { ScenarioName } from '@likeness/fal-simulator';
import type { SoakRun } from './soak-run.ts';

/** Faults outside the servers; an absent one cannot be injected here. */
type Surroundings = {
  /** Ends every connection that the servers have to PostgreSQL. */
  readonly cutDatabase?: (() => Promise<void>) | undefined;
  readonly restartRedis?: ((downMs: number) => Promise<void>) | undefined;
};

type Fault =
  | { readonly kind: 'kill' | 'terminate'; readonly instance: number; readonly downMs: number }
  /** Killed, started, and killed again before it is ready. */
  | { readonly kind: 'kill-starting'; readonly instance: number; readonly afterMs: number }
  | { readonly kind: 'stall' | 'redis'; readonly forMs: number }
  | { readonly kind: 'keys'; readonly scenario: ScenarioName; readonly times: number }
  | { readonly kind: 'rotate-keys' | 'cut-database' };

/** The next fault, and the pause before it. */
function decideFault(random: Random): { readonly fault: Fault; readonly pauseMs: number } {
  return { pauseMs: random.between(1000, 6000), fault: faultOf(random) };
}

function faultOf(random: Random): Fault {
  const instance = random.between(0, 5);
  const roll = random.between(1, 100);
  if (roll <= 35) return { kind: 'kill', instance, downMs: random.pick([0, 0, 100, 1000, 3000]) };
  if (roll <= 45) return { kind: 'kill-starting', instance, afterMs: random.between(0, 1500) };
  if (roll <= 60) return { kind: 'terminate', instance, downMs: random.pick([0, 500]) };
  if (roll <= 72) return { kind: 'stall', forMs: random.between(500, 4000) };
  if (roll <= 80) {
    const scenario = random.pick(['jwks-down', 'jwks-empty', 'jwks-junk', 'jwks-low-order']);
    return { kind: 'keys', scenario, times: random.between(1, 3) };
  }
  if (roll <= 85) return { kind: 'rotate-keys' };
  return roll <= 93 ? { kind: 'cut-database' } : { kind: 'redis', forMs: random.between(0, 2000) };
}

/** Injects one fault after the other until it is stopped. */
export class FaultInjector {
  readonly counts = new Map<string, number>();
  readonly #ended: Promise<void>;
  readonly #stopping = new AbortController();
  readonly #run: SoakRun;
  readonly #surroundings: Surroundings;

  constructor(run: SoakRun, seed: number, surroundings: Surroundings) {
    this.#run = run;
    this.#surroundings = surroundings;
    this.#ended = this.#live(seed);
  }

  /** Resolves when the present fault is over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #live(seed: number): Promise<void> {
    for (let n = 0; !this.#stopping.signal.aborted; n += 1) {
      const { fault, pauseMs } = decideFault(randomFor(`${seed}/injector/${n}`));
      // On a busy machine the servers would do nothing but start.
      const leastMs = Math.max(...this.#run.servers.map(({ startMs }) => startMs));
      const { signal } = this.#stopping;
      const isInterrupted = await pause(leastMs + pauseMs, false, { signal }).catch(() => true);
      if (isInterrupted) return;
      if (!(await this.#inject(fault))) continue;
      this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    }
  }

  /** @returns false when it cannot be injected here */
  async #inject(fault: Fault): Promise<boolean> {
    const { proxy, stack, history } = this.#run;
    const { cutDatabase, restartRedis } = this.#surroundings;
    history.add({ kind: 'fault', what: JSON.stringify(fault) });
    switch (fault.kind) {
      case 'kill':
        await this.#restart(fault.instance, (server) => server.kill(), fault.downMs);
        return true;
      case 'terminate':
        await this.#restart(fault.instance, (server) => server.terminate(), fault.downMs);
        return true;
      case 'kill-starting':
        await this.#restart(fault.instance, async (server) => {
          await server.kill();
          const starting = this.#run.start(server);
          await pause(fault.afterMs);
          await server.kill();
          await starting;
        });
        return true;
      case 'stall':
        proxy.stall();
        await pause(fault.forMs);
        proxy.resume();
        return true;
      case 'keys':
        stack.simulator.program({ scenario: fault.scenario, times: fault.times });
        return true;
      case 'rotate-keys':
        stack.simulator.rotateKeys();
        return true;
      case 'cut-database':
        await cutDatabase?.();
        return cutDatabase !== undefined;
      case 'redis':
        await restartRedis?.(fault.forMs);
        return restartRedis !== undefined;
    }
  }

  async #restart(number: number, end: (server: Server) => Promise<unknown>, downMs = 0): Promise<void> {
    const server = this.#run.stack.server(1 + (number % this.#run.servers.length));
    await end(server);
    await pause(downMs);
    await this.#run.start(server);
  }
}
