import { foreignFields } from '../fal-inputs.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { AvatarState } from '../watch-avatar.ts';
import type { Cast, Scene } from '../scene.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

type Input = Readonly<Record<string, unknown>>;

/** Looks at the other end: what fal was sent, and what became of its webhooks. */
export async function lookAtFal(
  { narrator, wait, services: { simulator } }: Scene,
  cast: Cast,
): Promise<void> {
  const [portrait, style] = cast;
  narrator.step('What fal was sent');
  const requests = simulator.requests();
  for (const { endpoint, body } of requests) {
    narrator.columns(endpoint.replace('fal-ai/', ''), 31, Object.keys(body as Input).join(', '));
  }
  const areClean = requests.every(
    ({ endpoint, body, query }) =>
      foreignFields(endpoint, body as Input).length === 0 &&
      Object.keys(query).every((name) => name === 'fal_webhook'),
  );
  narrator.promise(
    areClean && requests.length === 4,
    '4 runs, 4 submits, each with nothing in it but what its endpoint takes.',
  );

  const withLora = inputOf(simulator, 'fal-ai/flux-lora');
  const withFinetune = inputOf(simulator, 'fal-ai/flux-pro/v1.1-ultra-finetuned');
  const [lora] = withLora['loras'] as { readonly path: string }[];
  narrator.promise(
    lora?.path === portrait.diffusersLoraFileUrl && withFinetune['finetune_id'] === style.finetuneId,
    `${portrait.name} was drawn from the LoRA's path, ${style.name} from the finetune_id.`,
  );
  narrator.line('');
  for (const [avatar, input] of [
    [portrait, withLora],
    [style, withFinetune],
  ] as const) {
    narrator.fact(avatar.name, `"${String(input['prompt'])}"`);
  }
  narrator.promise(
    hasTriggerOnce(portrait, withLora) && hasTriggerOnce(style, withFinetune),
    `Each prompt has its trigger once: added to ${portrait.name}'s, kept in ${style.name}'s.`,
  );

  const statuses = await wait("the answers to fal's webhooks", webhookStatuses(simulator));
  narrator.promise(
    statuses.length === 4 && statuses.every((status) => status === 200),
    'fal called back 4 times: each webhook signed, verified, answered 200.',
  );
}

function inputOf(simulator: Simulator, endpoint: string): Input {
  const request = simulator.requests().find((submit) => submit.endpoint === endpoint);
  if (request === undefined) throw new Error(`Nothing was sent to ${endpoint}`);
  return request.body as Input;
}

function hasTriggerOnce({ triggerPhrase }: AvatarState, { prompt }: Input): boolean {
  return String(prompt).split(triggerPhrase).length === 2;
}

/** Of the genuine ones, once every run has its answer. The status is the server's, so null is "not yet". */
async function webhookStatuses(simulator: Simulator): Promise<(number | null)[]> {
  for (;;) {
    const genuine = simulator.deliveries().filter(({ label }) => label === 'genuine');
    const told = new Set(genuine.map(({ requestId }) => requestId));
    const isComplete = simulator
      .requests()
      .every(({ requestId }) => requestId !== null && told.has(requestId));
    if (isComplete && genuine.every(({ result }) => result !== 'under way'))
      return genuine.map(({ status }) => status);
    await pause(20, undefined, { ref: false });
  }
}
