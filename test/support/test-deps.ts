import { randomBytes } from 'node:crypto';
import { InFlight } from '../../src/async/in-flight.ts';
import type {
  Notification,
  CancelAnswer,
  RunStatus,
  Provider,
  RunRef,
  JobMetrics,
  JobDeps,
} from '../../src/jobs/ports.ts';
import { DEFAULT_TRAINERS } from '../../src/catalog/trainers.ts';
import { memoryLog } from './memory-log.ts';
import { MemoryStore } from './memory-store.ts';

/** A provider at the port that answers as it is told and remembers what it was asked. */
export class FakeProvider implements Provider {
  inspection: RunStatus = { kind: 'queued', position: null };
  cancelAnswer: CancelAnswer = 'requested';
  readonly inspected: string[] = [];
  readonly cancelled: string[] = [];

  submit(): Promise<never> {
    return Promise.reject(new Error('nothing is submitted here'));
  }

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
  const settings = { callbackBase: null, pollIntervalMs: POLL_MS, defaultTrainers: DEFAULT_TRAINERS };
  const ended: Parameters<JobMetrics['runEnded']>[0][] = [];
  const metrics: JobMetrics = { runEnded: (run) => ended.push(run), submitted: () => undefined };
  const deps: JobDeps = {
    store,
    provider,
    publisher,
    log,
    metrics,
    inFlight: new InFlight(),
    newCallbackToken: () => randomBytes(16).toString('hex'),
    settings,
  };
  return { deps, store, provider, log, published, relay, ended };
}
