import type { RunEvent } from '../../src/domain/run-event.ts';

export const ID = '5f4d2c10-0000-4000-8000-000000000001';
export const OTHER_ID = '5f4d2c10-0000-4000-8000-000000000002';

export const URLS = {
  statusUrl: `https://queue.fal.run/fal-ai/x/requests/${ID}/status`,
  responseUrl: `https://queue.fal.run/fal-ai/x/requests/${ID}`,
  cancelUrl: `https://queue.fal.run/fal-ai/x/requests/${ID}/cancel`,
};
const NO_URLS = { statusUrl: null, responseUrl: null, cancelUrl: null };

export const LORA_ANSWER = {
  diffusers_lora_file: { url: 'https://v3.fal.media/files/a/lora.safetensors' },
  config_file: { url: 'https://v3.fal.media/files/a/config.json' },
};
export const IMAGES_ANSWER = { images: [{ url: 'https://v3.fal.media/files/a/1.jpg' }], seed: 42 };

/** Every kind of run event, with all that can differ in it. */
export const EVENTS = {
  accepted: { kind: 'accepted', requestId: ID, urls: URLS, position: 3 },
  acceptedWithoutUrls: { kind: 'accepted', requestId: ID, urls: NO_URLS, position: null },
  acceptedOther: { kind: 'accepted', requestId: OTHER_ID, urls: URLS, position: 0 },
  refused: { kind: 'refused', failure: { code: 'PROVIDER_REJECTED', message: 'no' } },
  unknown: { kind: 'unknown', message: 'no answer' },
  notStarted: { kind: 'notStarted', message: 'not there' },
  identified: { kind: 'identified', requestId: ID },
  identifiedOther: { kind: 'identified', requestId: OTHER_ID },
  queued: { kind: 'queued', position: 2 },
  queuedSomewhere: { kind: 'queued', position: null },
  running: { kind: 'running', percent: null },
  runningHalf: { kind: 'running', percent: 50 },
  lora: { kind: 'succeeded', requestId: ID, output: LORA_ANSWER },
  finetune: { kind: 'succeeded', requestId: ID, output: { finetune_id: 'ft-1' } },
  images: { kind: 'succeeded', requestId: ID, output: IMAGES_ANSWER },
  loraOfOther: { kind: 'succeeded', requestId: OTHER_ID, output: LORA_ANSWER },
  empty: { kind: 'succeeded', requestId: ID, output: {} },
  failed: { kind: 'failed', requestId: ID, message: 'bad archive', output: { detail: 'bad archive' } },
  failedUnnamed: { kind: 'failed', requestId: null, message: 'gone', output: null },
  failedOther: { kind: 'failed', requestId: OTHER_ID, message: 'theirs', output: null },
  cancelled: { kind: 'cancelled', requestId: null },
  cancelledNamed: { kind: 'cancelled', requestId: ID },
  abandoned: { kind: 'abandoned', message: 'not found' },
  cancelledBeforeSubmit: { kind: 'cancelledBeforeSubmit' },
  confirmed: { kind: 'confirmed', requestId: ID, output: LORA_ANSWER },
  confirmedImages: { kind: 'confirmed', requestId: ID, output: IMAGES_ANSWER },
  confirmedEmpty: { kind: 'confirmed', requestId: ID, output: {} },
  confirmedOther: { kind: 'confirmed', requestId: OTHER_ID, output: LORA_ANSWER },
} as const satisfies Record<string, RunEvent>;

export type EventName = keyof typeof EVENTS;
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[];
