import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { ENDPOINTS } from './endpoints.ts';
import type { Exchange } from './exchange.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatorEvent, Timing } from './options.ts';
import type { Overrides } from './overrides.ts';
import { submitAnswer } from './queue-answers.ts';
import type { RecordedRequest } from './record.ts';
import type { RequestLog } from './request-log.ts';
import { detail, json, page, type Reply } from './replies.ts';
import type { RunStore } from './run-store.ts';
import { has, type Run } from './run.ts';
import { scenariosIn, type ScenarioName } from './scenarios.ts';
import { refusalOf, unknownApplication } from './submit-refusals.ts';
import { readSubmitted, type SubmittedBody } from './submitted-body.ts';

const LARGEST_INPUT_BYTES = 10 * 1024 * 1024;

export type SubmitParts = {
  base: () => string;
  runs: RunStore;
  scheduler: Scheduler;
  overrides: Overrides;
  requests: RequestLog;
  timing: () => Timing;
  now: () => number;
  log: (event: SimulatorEvent) => void;
  /** Allows scenarios in the input. */
  controls: boolean;
  /** Null: the key is valid. */
  unauthorized: (exchange: Exchange) => Reply | null;
};

export async function submit(exchange: Exchange, endpoint: string, parts: SubmitParts): Promise<Reply> {
  const unauthorized = parts.unauthorized(exchange);
  // Without a valid key nothing is read, stored or used up.
  const body = unauthorized
    ? null
    : readSubmitted((await exchange.read(LARGEST_INPUT_BYTES)).toString('utf8'));
  const input = body?.input ?? null;
  const written = parts.controls && input ? scenariosIn(input) : [];
  const programmed = unauthorized ? [] : parts.overrides.forSubmit(endpoint);
  const scenarios = [...new Set([...programmed, ...written])];
  const record: RecordedRequest = {
    requestId: null,
    endpoint,
    body: body?.remembered ?? null,
    headers: exchange.headers,
    query: Object.fromEntries(exchange.query),
    webhookUrl: exchange.query.get('fal_webhook'),
    receivedAt: parts.now(),
    scenarios,
    answered: 0,
  };
  parts.requests.begin(record);

  const refusal =
    unauthorized ?? refuse(exchange, { endpoint, fault: body?.fault ?? null, scenarios }, parts);
  const reply =
    refusal ?? (input ? await accept(exchange, { record, input }, parts) : detail(422, 'Expected an object'));
  record.answered =
    reply.kind === 'bytes'
      ? reply.status
      : reply.kind === 'cut' || reply.kind === 'drop'
        ? reply.kind
        : 'hang';
  parts.requests.end(record);
  if (record.requestId === null) parts.log({ type: 'refused', endpoint, status: Number(record.answered) });
  return reply;
}

type Asked = { endpoint: string; fault: SubmittedBody['fault']; scenarios: readonly ScenarioName[] };

function refuse(exchange: Exchange, { endpoint, fault, scenarios }: Asked, parts: SubmitParts): Reply | null {
  if (!ENDPOINTS.has(endpoint)) return unknownApplication(endpoint);
  const scripted = refusalOf(scenarios, endpoint);
  if (scripted) return scripted;
  if (fault === 'not JSON') return detail(400, 'Request body is not valid JSON');
  if (fault === 'too deep') return detail(422, 'Request body is nested too deeply');
  const webhook = exchange.query.get('fal_webhook');
  if (webhook !== null && !isWebAddress(webhook)) return detail(422, 'fal_webhook is no web address');
  const longest = Number(exchange.query.get('fal_max_queue_length') ?? Infinity);
  if (parts.runs.waiting(endpoint) > longest) return detail(429, 'Queue is full', { 'retry-after': '1' });
  return null;
}

type Accepted = { record: RecordedRequest; input: Record<string, unknown> };

async function accept(exchange: Exchange, { record, input }: Accepted, parts: SubmitParts): Promise<Reply> {
  const { endpoint, scenarios, webhookUrl } = record;
  const now = parts.now();
  const timing = parts.timing();
  const id = randomUUID();
  const seconds = Number(
    exchange.headers['x-fal-request-timeout'] ?? exchange.headers['x-fal-request-start-timeout'],
  );
  const run: Run = {
    id,
    gatewayId: id,
    endpoint,
    input,
    webhookUrl,
    startTimeoutMs: seconds > 0 ? seconds * 1_000 : null,
    keepFilesMs: keepFilesMs(exchange.headers['x-fal-object-lifecycle-preference']),
    scenarios,
    submittedAt: now,
    state: 'IN_QUEUE',
    queuedAt: now,
    queueMs: timing.queueMs * (scenarios.includes('slow') ? timing.slowFactor : 1),
    startedAt: null,
    completedAt: null,
    logs: [],
    cancelled: false,
    outcome: null,
    statusReads: 0,
    webhookSettled: webhookUrl === null,
  };
  record.requestId = id;
  parts.runs.save(run);
  parts.log({ type: 'submitted', endpoint, requestId: id, scenarios });
  const answer = submitAnswer(run, parts.base(), now);
  const early = has(run, 'early');
  const attempted = parts.scheduler.start(run, early);
  if (early) await Promise.race([attempted, sleep(timing.earlyAnswerMs, undefined, { ref: false })]);
  return answerTo(run, { ...answer, gateway_request_id: id });
}

/** A preference that cannot be read has no effect. */
function keepFilesMs(preference: string | undefined): number | undefined {
  try {
    return lifecycle.parse(JSON.parse(preference ?? '')).expiration_duration_seconds * 1_000;
  } catch {
    return undefined;
  }
}

const lifecycle = z.looseObject({ expiration_duration_seconds: z.number().positive() });

function answerTo(run: Run, answer: Record<string, unknown>): Reply {
  const headers = { 'x-fal-request-id': run.id };
  if (has(run, 'lost-answer')) return { kind: 'drop' };
  if (has(run, 'hang')) return { kind: 'hang' };
  if (has(run, 'cut-answer')) return { kind: 'cut', body: JSON.stringify(answer) };
  if (has(run, 'html')) return page(200, 'Please sign in to the network');
  if (has(run, 'submit-504')) return page(504, 'Gateway timeout');
  if (has(run, 'bad-request-id'))
    return json(200, { ...answer, request_id: '../../../other/app/requests/1' });
  if (has(run, 'no-request-id')) return json(200, { ...answer, request_id: undefined });
  return json(200, answer, headers);
}

function isWebAddress(text: string): boolean {
  try {
    // URL.canParse of Node 20 refuses non-ASCII text once V8 has optimized its caller.
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}
