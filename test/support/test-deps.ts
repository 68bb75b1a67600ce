import { randomBytes } from 'node:crypto';
import { UnderWay } from '../../src/async/in-flight.ts';
import type {
  Announcement,
  CancelAnswer,
  Inspection,
  Provider,
  RunRef,
  Tally,
  Workshop,
} from '../../src/jobs/ports.ts';
import { DEFAULT_TRAINERS } from '../../src/catalog/trainers.ts';
import { keptLog } from './memory-log.ts';
import { MemoryStore } from './memory-store.ts';

/** A provider at the port that answers as it is told and remembers what it was asked. */
export class ToldProvider implements Provider {
  inspection: Inspection = { kind: 'queued', position: null };
  cancelAnswer: CancelAnswer = 'requested';
  readonly inspected: string[] = [];
  readonly cancelled: string[] = [];

  submit(): Promise<never> {
    return Promise.reject(new Error('nothing is submitted here'));
  }

  async inspect({ requestId }: RunRef): Promise<Inspection> {
    this.inspected.push(requestId);
    return this.inspection;
  }

  async cancel({ requestId }: RunRef): Promise<CancelAnswer> {
    this.cancelled.push(requestId);
    return this.cancelAnswer;
  }
}

export const POLL_MS = 3000;

/** A workshop over fakes at its ports, to be looked at from outside. */
export function bench() {
  const store = new MemoryStore();
  const provider = new ToldProvider();
  const log = keptLog();
  const published: Announcement[] = [];
  const relay = { fails: () => false };
  const announcer = {
    async publish(announcement: Announcement): Promise<void> {
      published.push(announcement);
      if (relay.fails()) throw new Error('no connection');
    },
  };
  const settings = { callbackBase: null, pollIntervalMs: POLL_MS, defaultTrainers: DEFAULT_TRAINERS };
  const ended: Parameters<Tally['runEnded']>[0][] = [];
  const tally: Tally = { runEnded: (run) => ended.push(run), submitted: () => undefined };
  const workshop: Workshop = {
    store,
    provider,
    announcer,
    log,
    tally,
    underWay: new UnderWay(),
    newCallbackToken: () => randomBytes(16).toString('hex'),
    settings,
  };
  return { workshop, store, provider, log, published, relay, ended };
}
