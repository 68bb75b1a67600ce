import { CommandError, print } from '../cli/command.ts';
import { PrismaBreakerStore } from '../db/store/breaker-store.ts';
import type { OperatorServices } from './services.ts';

export async function printBreaker(services: OperatorServices): Promise<void> {
  print(await stateOf(breakerOf(services)));
}

/**
 * Makes the next submit the probe. The breaker stays open until fal accepts it, so that an operator who is wrong sends
 * one refused submit, not those of all callers.
 */
export async function endWait(services: OperatorServices): Promise<void> {
  const breaker = breakerOf(services);
  const isEnded = await breaker.endWait();
  if (!isEnded && (await breaker.read()) !== null) {
    throw new CommandError('A probe is under way: fal’s response closes the breaker or starts the next wait');
  }
  print(await stateOf(breaker));
}

function breakerOf({ database, fal }: OperatorServices): PrismaBreakerStore {
  // It waits for nothing itself.
  return new PrismaBreakerStore(database.prisma, fal().key, []);
}

async function stateOf(breaker: PrismaBreakerStore): Promise<string> {
  const open = await breaker.read();
  if (open === null) return 'The circuit breaker is closed: submits are sent to fal.';
  const { kind, message, refusals, openedAt, nextProbeAt } = open;
  const next =
    nextProbeAt.getTime() <= Date.now()
      ? 'The next submit is the probe: when fal accepts it, the breaker closes.'
      : `The next probe is sent after ${nextProbeAt.toISOString()}, or at once with: breaker probe`;
  return [
    `The circuit breaker has been open since ${openedAt.toISOString()}: no submits but probes are sent to fal.`,
    `fal has refused ${refusals} ${refusals === 1 ? 'submit' : 'submits'} since (${kind ?? 'reason unknown'}): ${message}`,
    next,
  ].join('\n');
}
