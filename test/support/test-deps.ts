import { InFlight } from '../../src/async/in-flight.ts';
import type { CancelAnswer, RunProvider, RunRef, RunStatus } from '../../src/jobs/poll-job.ts';
import type { Notification } from '../../src/jobs/publish-outbox.ts';
import type { RunEventDeps } from '../../src/jobs/apply-run-event.ts';
import { memoryLog } from './memory-log.ts';
import { MemoryStore } from './memory-store.ts';

/** A provider at the port that answers as it is told and remembers what it was asked. */
export class FakeProvider implements RunProvider {
  inspection: RunStatus = { kind: 'queued', position: null };
  cancelAnswer: CancelAnswer = 'requested';
  readonly inspected: string[] = [];
  readonly cancelled: string[] = [];

  async fetchStatus({ requestId }: RunRef): Promise<RunStatus> {
    this.inspected.push(requestId);
    return this.inspection;
  }

  async cancel({ requestId }: RunRef): Promise<CancelAnswer> {
    this.cancelled.push(requestId);
    return this.cancelAnswer;
  }
}

export const POLL_MS = 3000;

/** Dependencies of the use cases over fakes at its ports, to be looked at from outside. */
export function testDeps() {
  const store = new MemoryStore();
  const provider = new FakeProvider();
  const log = memoryLog();
  const published: Notification[] = [];
  const relay = { fails: () => false };
  const publisher = {
    async publish(announcement: Notification): Promise<void> {
      published.push(announcement);
      if (relay.fails()) throw new Error('no connection');
    },
  };
  const ended: Parameters<RunEventDeps['metrics']['runEnded']>[0][] = [];
  const metrics: RunEventDeps['metrics'] = { runEnded: (run) => ended.push(run) };
  const deps = {
    store,
    provider,
    publisher,
    log,
    metrics,
    inFlight: new InFlight(),
    settings: { pollIntervalMs: POLL_MS },
  };
  return { deps, store, provider, log, published, relay, ended };
}
