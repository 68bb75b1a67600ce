import { pause, type Product } from './products.ts';
import type { Simulator } from '@likeness/fal-simulator';

/** The outcome for a product, in words, and whether it is right. */
export type Outcome = { readonly words: string; readonly isRight: boolean };

/** An event, and its outcome for each product. */
export type Row = {
  readonly what: string;
  readonly of: (product: Product, fal: FalSide) => Promise<Outcome>;
  /** Not while other rows run. */
  readonly isAlone?: boolean;
};

/** One product's side of fal. */
type FalSide = {
  /** A new archive of photos, whose training follows these scenarios. */
  readonly photos: (...scenarios: string[]) => string;
  /** Runs that fal accepted, and bills, for this archive. */
  readonly runs: (imagesUrl: string) => number;
  /** Resolves when all these runs have ended at fal. */
  readonly ended: (imagesUrl: string) => Promise<void>;
};

/** After the end of a run at fal, its users wait this long. */
const PATIENCE_MS = 15_000;
const ASK_AGAIN_MS = 100;
/** Time for a second webhook. */
const SETTLE_MS = 1500;
/** Less than a run takes. */
const CLICK_AGAIN_MS = 300;

export const ROWS: readonly Row[] = [
  { what: 'nothing fails', of: endsAs('ready') },
  { what: 'the run fails', of: endsAs('failed') },
  { what: "fal's webhook never arrives", of: endsAs('ready', 'silent') },
  {
    what: 'the webhook lacks the result, which fal could not send',
    of: endsAs('ready', 'null-payload'),
  },
  { what: 'the result lacks the LoRA', of: endsAs('failed', 'no-artifact') },
  { what: 'a forged webhook reports a failure', of: endsAs('ready', 'forged-only') },
  { what: 'a webhook reports OK, a later one ERROR', of: endsAs('ready', 'conflicting') },
  { what: 'the user clicks twice', of: paysOnce(0) },
  {
    what: "fal's response to the submit is lost, the user clicks again",
    of: paysOnce(CLICK_AGAIN_MS, 'lost-answer'),
  },
  {
    what: 'the server restarts during the training',
    isAlone: true,
    of: async (product, fal) => {
      const imagesUrl = fal.photos();
      const id = await product.train(imagesUrl);
      await product.restart();
      await fal.ended(imagesUrl);
      return ending(product, id, 'ready');
    },
  },
  {
    what: 'an image of a person is generated',
    of: async (product, fal) => {
      const imagesUrl = fal.photos();
      const id = await product.train(imagesUrl);
      await fal.ended(imagesUrl);
      if (id === null) return { words: 'not trained', isRight: false };
      await ending(product, id, 'ready');
      const { width, height } = await product.generate(id, 'a portrait of ohwx');
      const shape = height > width ? 'upright' : 'a landscape';
      return { words: `${shape}, ${width} x ${height}`, isRight: height > width };
    },
  },
];

function endsAs(wanted: 'ready' | 'failed', ...scenarios: string[]): Row['of'] {
  const all = wanted === 'failed' && scenarios.length === 0 ? ['fail'] : scenarios;
  return async (product, fal) => {
    const imagesUrl = fal.photos(...all);
    const id = await product.train(imagesUrl);
    await fal.ended(imagesUrl);
    return ending(product, id, wanted);
  };
}

function paysOnce(pauseMs: number, ...scenarios: string[]): Row['of'] {
  return async (product, fal) => {
    const imagesUrl = fal.photos(...scenarios);
    const id = await product.trainAgain(imagesUrl, pauseMs);
    await fal.ended(imagesUrl);
    const { words, isRight } = await ending(product, id, 'ready');
    const runs = fal.runs(imagesUrl);
    return {
      words: `${words}; ${runs === 1 ? '1 run' : `${runs} runs`} paid`,
      isRight: isRight && runs === 1,
    };
  };
}

async function ending(product: Product, id: string | null, wanted: 'ready' | 'failed'): Promise<Outcome> {
  if (id === null) return { words: 'the call fails', isRight: false };
  const until = performance.now() + PATIENCE_MS;
  while ((await product.read(id)).is === 'training' && performance.now() < until) await pause(ASK_AGAIN_MS);
  await pause(SETTLE_MS);
  const { is, reason } = await product.read(id);
  if (is === null) return { words: 'forgotten', isRight: false };
  if (is === 'training') return { words: 'training forever', isRight: false };
  const why = is === 'failed' && reason !== null ? ', with the reason' : '';
  return { words: `${is}${why}`, isRight: is === wanted };
}

export function falSide(simulator: Simulator, name: string): FalSide {
  let archives = 0;
  const runsOf = (imagesUrl: string) =>
    simulator
      .requests()
      .filter(({ body }) => JSON.stringify(body).includes(imagesUrl))
      .flatMap(({ requestId }) => requestId ?? []);
  const hasEnded = async (requestId: string) => {
    const response = await fetch(
      `${simulator.queueUrl}/fal-ai/flux-lora-portrait-trainer/requests/${requestId}/status`,
      { headers: { authorization: 'Key key-of-the-simulator' } },
    );
    return ((await response.json()) as { status: string }).status === 'COMPLETED';
  };
  return {
    photos: (...scenarios) => {
      const url = new URL(simulator.samplePhotosUrl);
      archives += 1;
      url.searchParams.set('of', `${name}-${archives}.`);
      if (scenarios.length > 0) url.searchParams.set('scenario', scenarios.join(','));
      return url.href;
    },
    runs: (imagesUrl) => runsOf(imagesUrl).length,
    ended: async (imagesUrl) => {
      for (const requestId of runsOf(imagesUrl))
        while (!(await hasEnded(requestId))) await pause(ASK_AGAIN_MS);
    },
  };
}
