import { setMaxListeners } from 'node:events';
import { createFileStore } from './file-store.ts';
import { createFinetunes } from './finetunes.ts';
import { createScheduler } from './scheduler.ts';
import { createListener, listen, nameOf } from './listener.ts';
import { DEFAULT_TIMING, type SimulatorOptions, type Timing } from './options.ts';
import { createOverrides, type Program } from './overrides.ts';
import type { RecordedRequest } from './record.ts';
import { createRequestLog } from './request-log.ts';
import { createRoute } from './route.ts';
import { createRunStore } from './run-store.ts';
import { readSavedKeys, readSavedPort } from './saved-state.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createStateFolder } from './state-folder.ts';
import { createSemaphore } from './semaphore.ts';
import { createWebhookSender, type Delivery, type LooseMessage } from './webhook-sender.ts';

export type { LooseMessage, Program, RecordedRequest, Delivery, SimulatorOptions, Timing };
export type { ScenarioName } from './scenarios.ts';

export type Simulator = {
  url: string;
  queueUrl: string;
  restUrl: string;
  jwksUrl: string;
  samplePhotosUrl: string;
  /** Every submit, also refused ones. */
  requests: () => readonly RecordedRequest[];
  /** Every webhook attempt. */
  deliveries: () => readonly Delivery[];
  /** Sets scenarios for the next `times` submits, or reads of the key set. Throws without a scenario. */
  program: (program: Program) => void;
  clearPrograms: () => void;
  setTiming: (timing: Partial<Timing>) => void;
  /** From now on a new key signs; the old one stays in the set. */
  rotateKeys: () => void;
  /** Every file is gone, as after the time that fal keeps it. */
  expireFiles: () => void;
  /** Sends a webhook with a signature, and resolves with the receiver's status. */
  deliver: (message: LooseMessage) => Promise<number | null>;
  /** With `dir`, the next start continues open runs. Safe to call twice. */
  close: () => Promise<void>;
};

/** Images and archives at the same time. */
const MOST_IN_MEMORY = 4;
/** Budget of submits, in addition to uploads. */
const SMALL_BODIES_BYTES = 64 * 1024 * 1024;

/** Simulates fal's queue, storage and webhooks over HTTP. Rejects when it cannot listen. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  const now = options.now ?? Date.now;
  const accountId = options.accountId ?? 'local-account';
  const maxFileBytes = options.maxFileBytes ?? 256 * 1024 * 1024;
  const log: NonNullable<SimulatorOptions['log']> = (event) => {
    try {
      options.log?.(event);
    } catch {
      // A throwing observer must not stop a run.
    }
  };
  let timing: Timing = { ...DEFAULT_TIMING, ...options.timing };
  let url = '';
  const base = () => url;
  const closing = new AbortController();
  const { signal } = closing;
  // One listener per webhook and download.
  setMaxListeners(0, signal);

  const folder = createStateFolder(options.dir);
  const keys = createSigningKeys(readSavedKeys(folder));
  const saveKeys = () => folder.write('keys', keys.save());
  saveKeys();
  const files = createFileStore(folder, base, { now });
  const runs = createRunStore(folder);
  const overrides = createOverrides();
  const requests = createRequestLog(folder);
  const rotateKeys = () => {
    keys.rotate();
    saveKeys();
  };
  const sender = createWebhookSender({ keys, timing: () => timing, accountId, now, log, signal });
  const onBug = (error: unknown) =>
    log({ type: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const scheduler = createScheduler({
    runs,
    onBug,
    onState: ({ endpoint, id, state, outcome }) =>
      log({ type: 'state', endpoint, requestId: id, state, ...(outcome && { status: outcome.status }) }),
    deps: {
      files,
      finetunes: createFinetunes(folder),
      base,
      timing: () => timing,
      now,
      random: options.random ?? Math.random,
      jpegQuality: options.images?.jpegQuality ?? 88,
      ultraLongSide: options.images?.ultraLongSide ?? 1376,
      blockSide: options.images?.blockSide ?? 1,
      maxFileBytes,
      opensLoopback: options.opensLoopback ?? false,
      signal,
      limited: createSemaphore(MOST_IN_MEMORY, signal),
    },
    webhooks: {
      sender,
      webhookOnCancel: options.webhookOnCancel ?? true,
      lateMs: () => timing.lateMs,
      save: (run) => runs.save(run),
      signal,
    },
  });
  const route = createRoute({
    base,
    files,
    runs,
    scheduler,
    overrides,
    requests,
    keys,
    sender,
    rotateKeys,
    now,
    log,
    signal,
    maxFileBytes,
    timing: () => timing,
    apiKeys: options.apiKeys ?? null,
    controls: options.controls ?? true,
    strictPaths: options.strictPaths ?? false,
    cancelQueuedWith: options.cancelQueuedWith ?? 200,
  });

  const server = createListener({ route, onBug, now, mostBodyBytes: 2 * maxFileBytes + SMALL_BODIES_BYTES });
  const wanted = options.port ?? 0;
  const remembered = wanted === 0 ? readSavedPort(folder) : null;
  const port = await listen(server, host, remembered === null ? [wanted] : [remembered, wanted]);
  folder.write('port', port);
  url = options.publicUrl?.replace(/\/+$/, '') ?? `http://${nameOf(host)}:${port}`;
  log({ type: 'listening', url });
  for (const run of runs.unfinished()) void scheduler.start(run);

  return {
    url,
    queueUrl: url,
    restUrl: url,
    jwksUrl: `${url}/.well-known/jwks.json`,
    samplePhotosUrl: `${url}/samples/photos.zip`,
    requests: requests.all,
    deliveries: sender.deliveries,
    program: (program) => overrides.add(program),
    clearPrograms: () => overrides.clear(),
    setTiming: (changes) => void (timing = { ...timing, ...changes }),
    rotateKeys,
    expireFiles: () => files.expireAll(),
    deliver: (message) => sender.deliverOnce(message),
    async close() {
      closing.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await scheduler.close();
      await closed;
    },
  };
}
