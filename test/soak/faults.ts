import { setTimeout as pause } from 'node:timers/promises';
import { diceOf, type Dice } from './dice.ts';
import type { Instance } from './instance.ts';
import type { ScenarioName } from '@likeness/fal-simulator';
import type { World } from './world.ts';

/** What can be done to what surrounds the servers; what is absent is not there to be broken. */
export type Surroundings = {
  /** Ends every connection that the servers have to PostgreSQL. */
  readonly cutDatabase?: (() => Promise<void>) | undefined;
  readonly restartRedis?: ((downMs: number) => Promise<void>) | undefined;
};

export type Fault =
  | { readonly kind: 'kill' | 'terminate'; readonly instance: number; readonly downMs: number }
  /** Killed, started, and killed again before it is ready. */
  | { readonly kind: 'kill-starting'; readonly instance: number; readonly afterMs: number }
  | { readonly kind: 'stall' | 'redis'; readonly forMs: number }
  | { readonly kind: 'keys'; readonly scenario: ScenarioName; readonly times: number }
  | { readonly kind: 'rotate-keys' | 'cut-database' };

/** What goes wrong next, and how long before it. */
export function decideFault(dice: Dice): { readonly fault: Fault; readonly pauseMs: number } {
  return { pauseMs: dice.between(1000, 6000), fault: faultOf(dice) };
}

function faultOf(dice: Dice): Fault {
  const instance = dice.between(0, 5);
  const roll = dice.between(1, 100);
  if (roll <= 35) return { kind: 'kill', instance, downMs: dice.one([0, 0, 100, 1000, 3000]) };
  if (roll <= 45) return { kind: 'kill-starting', instance, afterMs: dice.between(0, 1500) };
  if (roll <= 60) return { kind: 'terminate', instance, downMs: dice.one([0, 500]) };
  if (roll <= 72) return { kind: 'stall', forMs: dice.between(500, 4000) };
  if (roll <= 80) {
    const scenario = dice.one(['jwks-down', 'jwks-empty', 'jwks-junk', 'jwks-low-order']);
    return { kind: 'keys', scenario, times: dice.between(1, 3) };
  }
  if (roll <= 85) return { kind: 'rotate-keys' };
  return roll <= 93 ? { kind: 'cut-database' } : { kind: 'redis', forMs: dice.between(0, 2000) };
}

/** Breaks one thing after the other until it is stopped, and counts what it broke. */
export class Nemesis {
  readonly counts = new Map<string, number>();
  readonly #ended: Promise<void>;
  readonly #stopping = new AbortController();
  readonly #world: World;
  readonly #surroundings: Surroundings;

  constructor(world: World, seed: number, surroundings: Surroundings) {
    this.#world = world;
    this.#surroundings = surroundings;
    this.#ended = this.#live(seed);
  }

  /** Resolves when what it is at is over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #live(seed: number): Promise<void> {
    for (let n = 0; !this.#stopping.signal.aborted; n += 1) {
      const { fault, pauseMs } = decideFault(diceOf(seed, 'nemesis', n));
      // On a busy machine nothing would be done but starting.
      const leastMs = Math.max(...this.#world.instances.map(({ startMs }) => startMs));
      const { signal } = this.#stopping;
      const isInterrupted = await pause(leastMs + pauseMs, false, { signal }).catch(() => true);
      if (isInterrupted) return;
      if (!(await this.#commit(fault))) continue;
      this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    }
  }

  /** False: there is nothing here that could be broken so. */
  async #commit(fault: Fault): Promise<boolean> {
    const { proxy, fal, history } = this.#world;
    const { cutDatabase, restartRedis } = this.#surroundings;
    history.add({ kind: 'fault', what: JSON.stringify(fault) });
    switch (fault.kind) {
      case 'kill':
        await this.#restart(fault.instance, (instance) => instance.kill(), fault.downMs);
        return true;
      case 'terminate':
        await this.#restart(fault.instance, (instance) => instance.terminate(), fault.downMs);
        return true;
      case 'kill-starting':
        await this.#restart(fault.instance, async (instance) => {
          await instance.kill();
          const starting = instance.start();
          await pause(fault.afterMs);
          await instance.kill();
          await starting;
        });
        return true;
      case 'stall':
        proxy.stall();
        await pause(fault.forMs);
        proxy.resume();
        return true;
      case 'keys':
        fal.simulator.program({ scenario: fault.scenario, times: fault.times });
        return true;
      case 'rotate-keys':
        fal.simulator.rotateKeys();
        return true;
      case 'cut-database':
        await cutDatabase?.();
        return cutDatabase !== undefined;
      case 'redis':
        await restartRedis?.(fault.forMs);
        return restartRedis !== undefined;
    }
  }

  async #restart(number: number, end: (instance: Instance) => Promise<void>, downMs = 0): Promise<void> {
    const { instances } = this.#world;
    const instance = instances[number % instances.length];
    if (instance === undefined) return;
    await end(instance);
    await pause(downMs);
    await instance.start();
  }
}
