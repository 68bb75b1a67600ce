import { forgeWebhook } from './forge-webhook.ts';
import { TrainingBoard } from '../training-board.ts';
import { unrefused } from '../api-client.ts';
import { watchAvatar, type AvatarState, type AvatarWatch } from '../watch-avatar.ts';
import type { Cast, Scene } from '../scene.ts';

type Watches = readonly [AvatarWatch, AvatarWatch];

/** In milliseconds. No two runs wait equally long at fal, so the second one here waits longer than the first. */
const SECOND_QUEUE_MS = 2800;

/** Trains both at the same time, watched through their subscriptions alone. @returns them as they ended */
export async function train(scene: Scene, cast: Cast, imagesUrl: string): Promise<Cast> {
  const { narrator, wait, client, services } = scene;
  const board = new TrainingBoard(narrator);
  const watch = ({ id }: AvatarState) => watchAvatar(client, id, (state) => board.tell(state));
  const watches: Watches = [watch(cast[0]), watch(cast[1])];
  await wait('the first word of both subscriptions', Promise.all(watches.map(({ first }) => first)));

  narrator.step('Start both trainings');
  const began = performance.now();
  const first = await start(scene, cast[0], imagesUrl);
  services.simulator.setTiming({ queueMs: SECOND_QUEUE_MS });
  const second = await start(scene, cast[1], imagesUrl);
  const answeredMs = performance.now() - began;
  narrator.promise(
    isOnItsWay(first) && isOnItsWay(second),
    'Starting never waits for the training; the request_id tracks it.',
  );
  narrator.promise(
    hasNoArtefact(first) && hasNoArtefact(second),
    'No LoRA and no finetune_id yet: a request_id is no model.',
  );

  narrator.step('Watch them train: the subscription tells every figure');
  board.open();
  let ended: Cast;
  let forgeryStatus: number | null;
  try {
    const forgery = forgeWebhook(scene, first);
    const trainings = Promise.all([watches[0].ended, watches[1].ended] as const);
    [ended, forgeryStatus] = await wait('both trainings to end', Promise.all([trainings, forgery]));
  } finally {
    board.close();
  }
  failIfNotCompleted(ended);
  const trainedMs = performance.now() - began;
  narrator.promise(
    answeredMs * 2 < trainedMs && wereSideBySide(ended),
    `Both trained side by side for ${inSeconds(trainedMs)}; the calls were back in ${inSeconds(answeredMs)}.`,
  );
  narrator.promise(
    watches.every(toldInOrder),
    `One WebSocket told it all: ${watches.map(({ states }) => states.length).join(' + ')} states, each newer than the last.`,
  );
  narrator.promise(
    forgeryStatus === 401,
    `A forged webhook said "${first.name} failed": answered 401, nothing changed.`,
  );
  return ended;
}

async function start(
  { client, wait, narrator }: Scene,
  { id: avatarId, name }: AvatarState,
  imagesUrl: string,
) {
  const began = performance.now();
  const call = client.send('StartTraining', { input: { avatarId, imagesUrl } });
  const { startTraining } = await wait(`startTraining of ${name}`, call);
  const ms = Math.round(performance.now() - began);
  const { avatar } = unrefused(startTraining, 'StartTrainingPayload');
  narrator.fact(name, `after ${String(ms).padStart(3)} ms  request_id ${avatar.falRequestId ?? '–'}`);
  return avatar;
}

function isOnItsWay({ falRequestId, status }: AvatarState): boolean {
  return falRequestId !== null && (status === 'QUEUED' || status === 'TRAINING');
}

function hasNoArtefact({ diffusersLoraFileUrl, finetuneId, isReady }: AvatarState): boolean {
  return diffusersLoraFileUrl === null && finetuneId === null && !isReady;
}

function failIfNotCompleted(cast: Cast): void {
  for (const { name, status, error } of cast) {
    if (status !== 'COMPLETED') {
      throw new Error(`The training of ${name} ended ${status}: ${error?.message ?? 'no reason was given'}`);
    }
  }
}

/** On the server's clock: the second one was asked for before the first one had ended. */
function wereSideBySide([first, second]: Cast): boolean {
  const [asked, ended] = [second.trainingStartedAt, first.trainingCompletedAt];
  return asked !== null && ended !== null && Date.parse(asked) < Date.parse(ended);
}

/** The state at the time of subscribing, before anything was started, and from there on ever newer ones. */
function toldInOrder({ states }: AvatarWatch): boolean {
  const versions = states.map(({ version }) => version);
  return (
    states[0]?.status === 'DRAFT' && versions.every((version, index) => version > (versions[index - 1] ?? -1))
  );
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
