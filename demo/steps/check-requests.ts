import { unknownFields } from '../fal-inputs.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { AvatarState } from '../watch-avatar.ts';
import type { Avatars, Context } from '../context.ts';
import type { Delivery, Simulator } from '@likeness/fal-simulator';

type Input = Readonly<Record<string, unknown>>;

/** Checks the requests that fal received, and the deliveries of its webhooks. */
export async function checkRequests({ output, wait, services }: Context, avatars: Avatars): Promise<void> {
  const { simulator } = services;
  const [portrait, style] = avatars;
  output.step('Requests to fal');
  const requests = simulator.requests();
  for (const { endpoint, body } of requests) {
    output.columns(endpoint.replace('fal-ai/', ''), 31, Object.keys(body as Input).join(', '));
  }
  const areClean = requests.every(
    ({ endpoint, body, query }) =>
      unknownFields(endpoint, body as Input).length === 0 &&
      Object.keys(query).every((name) => name === 'fal_webhook'),
  );
  output.check(
    areClean && requests.length === 4,
    '4 runs, 4 submits, each with fields of its endpoint only.',
  );

  const withLora = inputOf(simulator, 'fal-ai/flux-lora');
  const withFinetune = inputOf(simulator, 'fal-ai/flux-pro/v1.1-ultra-finetuned');
  const [lora] = withLora['loras'] as { readonly path: string }[];
  output.check(
    lora?.path === portrait.diffusersLoraFileUrl && withFinetune['finetune_id'] === style.finetuneId,
    `${portrait.name} was generated from the LoRA's path, ${style.name} from the finetune_id.`,
  );
  output.line('');
  for (const [avatar, input] of [
    [portrait, withLora],
    [style, withFinetune],
  ] as const) {
    output.fact(avatar.name, `"${String(input['prompt'])}"`);
  }
  output.check(
    hasTriggerOnce(portrait, withLora) && hasTriggerOnce(style, withFinetune),
    `Each prompt has its trigger phrase once: added for ${portrait.name}, kept for ${style.name}.`,
  );

  const isEveryEndAccepted = await wait("the responses to fal's webhooks", areWebhooksAccepted(simulator));
  const verified = await wait('/metrics', verifiedWebhooks(services.url));
  output.check(
    isEveryEndAccepted && verified === requests.length,
    `fal sent ${verified} webhooks: signed, verified, and answered with 200.`,
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

/** Resolves when fal delivered a webhook of every run; false when it gave one up. */
async function areWebhooksAccepted(simulator: Simulator): Promise<boolean> {
  for (;;) {
    // fal retries, so only the newest attempt of each run counts.
    const newest = simulator
      .requests()
      .map(({ requestId }) =>
        simulator.deliveries().findLast((one) => isGenuine(one) && one.requestId === requestId),
      );
    if (newest.some((delivery) => delivery?.result === 'given up')) return false;
    if (newest.every((delivery) => delivery?.result === 'accepted')) return true;
    await pause(20, undefined, { ref: false });
  }
}

function isGenuine({ label }: Delivery): boolean {
  return label === 'genuine';
}

/** The number of webhooks that the server verified; one after a poll with the same news is `ignored`. */
async function verifiedWebhooks(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = text.matchAll(/^likeness_webhooks_total\{outcome="(?:applied|ignored)"\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
