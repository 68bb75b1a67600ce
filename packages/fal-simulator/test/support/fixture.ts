import { createFalClient, type FalClient } from '@fal-ai/client';
import { onTestFinished } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { exchange } from '../../../../test/support/http-exchange.ts';
import { startReceiver } from './receiver.ts';

export const FAST = {
  queueMs: 2,
  trainMs: 12,
  generateMs: 4,
  progressSteps: 4,
  cancelMs: 2,
  webhookRetryMs: [2, 2, 2],
};
export const PORTRAIT = 'fal-ai/flux-lora-portrait-trainer';
export const PRO = 'fal-ai/flux-pro-trainer';
export const LORA = 'fal-ai/flux-lora';
export const ULTRA = 'fal-ai/flux-pro/v1.1-ultra-finetuned';
export const ELSEWHERE = 'https://photos.example/archive.zip';

/** A generation that costs next to nothing to draw. */
export const TINY = { prompt: 'x', image_size: { width: 64, height: 64 } };

export type Json = Record<string, unknown>;
export type Answer = { status: number; headers: Headers; body: Json };

/** A simulator for one test, closed with it. A bug inside it fails the test. */
export async function fixture(options: SimulatorOptions = {}) {
  const bugs: string[] = [];
  const simulator = await startSimulator({
    ...options,
    timing: { ...FAST, ...options.timing },
    log: (event) => {
      if (event.type === 'bug') bugs.push(event.message);
      options.log?.(event);
    },
  });
  onTestFinished(async () => {
    await simulator.close();
    if (bugs.length > 0) throw new Error(`Bugs inside the simulator:\n${bugs.join('\n')}`);
  });
  return { simulator, fal: falOn(simulator), ...wires(simulator) };
}

export async function receive(...answers: Parameters<typeof startReceiver>) {
  const receiver = await startReceiver(...answers);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** fal's own client, sent to the simulator instead. */
export function falOn(simulator: Pick<Simulator, 'queueUrl' | 'restUrl'>, key = 'id:secret'): FalClient {
  return createFalClient({
    credentials: key,
    suppressLocalCredentialsWarning: true,
    fetch: (input, init) => {
      const target = input instanceof Request ? input.url : String(input);
      const url = target
        .replace('https://queue.fal.run', simulator.queueUrl)
        .replace('https://rest.fal.ai', simulator.restUrl);
      const headers = new Headers(init?.headers);
      headers.set('connection', 'close');
      return fetch(url, { ...init, headers });
    },
  });
}

function wires(simulator: Simulator) {
  async function ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const url = path.startsWith('http') ? path : `${simulator.url}${path}`;
    const { text, ...response } = await exchange(url, {
      method,
      headers: { authorization: 'Key id:secret', 'content-type': 'application/json', ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const type = response.headers.get('content-type') ?? '';
    return { ...response, body: type.includes('json') ? (JSON.parse(text) as Json) : { text } };
  }
  /** Follows the URLs of the submit's answer, as fal advises. */
  async function submit(endpoint: string, input: unknown, webhook?: string): Promise<Submitted> {
    const query = webhook === undefined ? '' : `?fal_webhook=${encodeURIComponent(webhook)}`;
    const { status, body } = await ask('POST', `/${endpoint}${query}`, input);
    if (status !== 200) throw new Error(`Submit answered ${status} ${JSON.stringify(body)}`);
    return body as unknown as Submitted;
  }
  async function status(run: Submitted): Promise<Answer> {
    return ask('GET', `${run.status_url}?logs=1`);
  }
  async function completed(run: Submitted): Promise<Answer> {
    return eventually('the end of the run', async () => {
      const answer = await status(run);
      return answer.body['status'] === 'COMPLETED' && answer;
    });
  }
  async function result(run: Submitted): Promise<Answer> {
    await completed(run);
    return ask('GET', run.response_url);
  }
  return { ask, submit, status, completed, result };
}

export type Submitted = { request_id: string; response_url: string; status_url: string; cancel_url: string };

export function firstDetail(body: unknown): Json {
  const list = (body as { detail?: Json[] }).detail;
  if (!Array.isArray(list) || !list[0]) throw new Error(`No detail list in ${JSON.stringify(body)}`);
  return list[0];
}
