import { adoptRun, declareNotStarted, type ResolveUnknownDeps } from '../jobs/resolve-unknown.ts';
import { BUILT_IN } from '../catalog/catalog.ts';
import { CircuitBreaker } from '../fal/circuit-breaker.ts';
import { CommandError, log as operatorLog, print, report } from '../cli/command.ts';
import { FalProvider } from '../fal/provider.ts';
import { InFlight } from '../async/in-flight.ts';
import { decisionStore } from '../db/store/decision-store.ts';
import { PrismaBreakerStore } from '../db/store/breaker-store.ts';
import { PrismaUnknownOutcomes } from '../db/store/unknown-outcomes.ts';
import { requestIdSchema } from '../fal/schemas.ts';
import type { RunEventStore } from '../jobs/apply-run-event.ts';
import type { OperatorServices } from './services.ts';

const MAX_LISTED = 1000;

export async function listUnknown({ database }: OperatorServices): Promise<void> {
  const outcomes = await new PrismaUnknownOutcomes(database.prisma).listUnknown(MAX_LISTED + 1);
  if (outcomes.length === 0) {
    report('There is no submit with unknown outcome.');
    return;
  }
  for (const { jobId, ownerId, avatarId, generationId, submittedAt, waitsUntil } of outcomes.slice(
    0,
    MAX_LISTED,
  )) {
    const fields = [
      jobId,
      `owner=${JSON.stringify(ownerId)}`,
      `avatar=${avatarId ?? 'deleted'}`,
      ...(generationId === null ? [] : [`generation=${generationId}`]),
      `since=${submittedAt.toISOString()}`,
      `until=${waitsUntil.toISOString()}`,
    ];
    print(fields.join(' '));
  }
  if (outcomes.length > MAX_LISTED) report(`Only the first ${MAX_LISTED} are listed.`);
}

export async function adopt(services: OperatorServices, id: string, requestId: string): Promise<void> {
  if (!requestIdSchema.safeParse(requestId).success) {
    throw new CommandError(`${JSON.stringify(requestId)} is not a valid request ID of fal`);
  }
  const { key, queueUrl, restUrl } = services.fal();
  const breaker = new CircuitBreaker(new PrismaBreakerStore(services.database.prisma, key, []), log);
  const provider = new FalProvider({ key, queueUrl, restUrl }, breaker, log);
  const adopted = await adoptRun({ ...depsOf(services), provider }, id, requestId);
  if ('refused' in adopted) throw new CommandError(adopted.refused.message);
  report(`${adopted.done.jobId} is QUEUED with the run ${requestId}. The server polls it now.`);
}

export async function notStarted(services: OperatorServices, id: string): Promise<void> {
  const declared = await declareNotStarted(depsOf(services), id);
  if ('refused' in declared) throw new CommandError(declared.refused.message);
  report(`${declared.done.jobId} is FAILED with NOT_STARTED. Its owner may start it again.`);
}

const log = { ...operatorLog, debug: () => undefined, warn: () => undefined };

function depsOf({ database }: OperatorServices): ResolveUnknownDeps {
  return {
    outcomes: new PrismaUnknownOutcomes(database.prisma),
    store: leavingOutbox(decisionStore(database.pool)),
    publisher: { publish: async () => undefined },
    log,
    // Its rows read results, which no decision by hand has.
    catalog: BUILT_IN,
    metrics: { runEnded: () => undefined },
    inFlight: new InFlight(),
    // An adopted run is due at once.
    settings: { pollIntervalMs: 0 },
  };
}

/** Leaves the notifications in the outbox: the servers publish them, and only they know the subscribers. */
function leavingOutbox(store: RunEventStore): ResolveUnknownDeps['store'] {
  const save: RunEventStore['save'] = async (...decision) => {
    const saved = await store.save(...decision);
    return saved.kind === 'saved' ? { kind: 'saved', outbox: [] } : saved;
  };
  return { load: (jobId) => store.load(jobId), save, deleteFromOutbox: async () => undefined };
}
