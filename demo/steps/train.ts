import { forgeWebhook } from './forge-webhook.ts';
import { TrainingBoard } from '../training-board.ts';
import { accepted } from '../api-client.ts';
import { watchAvatar, type AvatarState, type AvatarWatch } from '../watch-avatar.ts';
import type { Avatars, Context } from '../context.ts';

type Watches = readonly [AvatarWatch, AvatarWatch];

/** Milliseconds; the second run waits longer than the first, as runs at fal do. */
const SECOND_QUEUE_MS = 2800;

/** Trains both at the same time, and follows their subscriptions. @returns the final states */
export async function train(context: Context, avatars: Avatars, imagesUrl: string): Promise<Avatars> {
  const { output, wait, client, services } = context;
  const board = new TrainingBoard(output);
  const watch = ({ id }: AvatarState) => watchAvatar(client, id, (state) => board.update(state));
  const watches: Watches = [watch(avatars[0]), watch(avatars[1])];
  await wait('the first state of both subscriptions', Promise.all(watches.map(({ first }) => first)));

  output.step('Start both trainings');
  const began = performance.now();
  const first = await start(context, avatars[0], imagesUrl);
  services.simulator.setTiming({ queueMs: SECOND_QUEUE_MS });
  const second = await start(context, avatars[1], imagesUrl);
  const answeredMs = performance.now() - began;
  output.check(
    isOnItsWay(first) && isOnItsWay(second),
    'startTraining returned at once; the request_id tracks the run.',
  );
  output.check(
    hasNoArtifact(first) && hasNoArtifact(second),
    'No LoRA and no finetune_id yet: a request_id is not a model.',
  );

  output.step('Watch the trainings by subscription');
  board.open();
  let ended: Avatars;
  let forgeryStatus: number | null;
  try {
    const forgery = forgeWebhook(context, first);
    const trainings = Promise.all([watches[0].ended, watches[1].ended] as const);
    [ended, forgeryStatus] = await wait('both trainings to end', Promise.all([trainings, forgery]));
  } finally {
    board.close();
  }
  failIfNotCompleted(ended);
  const trainedMs = performance.now() - began;
  output.check(
    answeredMs * 2 < trainedMs && wereSideBySide(ended),
    `Both trained at the same time, in ${inSeconds(trainedMs)}; the calls took ${inSeconds(answeredMs)}.`,
  );
  output.check(
    watches.every(areVersionsAscending),
    `One WebSocket: ${watches.map(({ states }) => states.length).join(' + ')} states, each newer than the last.`,
  );
  output.check(forgeryStatus === 401, `A forged webhook "${first.name} failed" got 401 and changed nothing.`);
  return ended;
}

async function start(
  { client, wait, output }: Context,
  { id: avatarId, name }: AvatarState,
  imagesUrl: string,
) {
  const began = performance.now();
  const call = client.send('StartTraining', { input: { avatarId, imagesUrl } });
  const { startTraining } = await wait(`startTraining of ${name}`, call);
  const ms = Math.round(performance.now() - began);
  const { avatar } = accepted(startTraining, 'StartTrainingPayload');
  output.fact(name, `after ${String(ms).padStart(3)} ms  request_id ${avatar.falRequestId ?? '–'}`);
  return avatar;
}

function isOnItsWay({ falRequestId, status }: AvatarState): boolean {
  return falRequestId !== null && (status === 'QUEUED' || status === 'TRAINING');
}

function hasNoArtifact({ diffusersLoraFileUrl, finetuneId, isReady }: AvatarState): boolean {
  return diffusersLoraFileUrl === null && finetuneId === null && !isReady;
}

function failIfNotCompleted(avatars: Avatars): void {
  for (const { name, status, error } of avatars) {
    if (status !== 'COMPLETED') {
      throw new Error(`The training of ${name} ended ${status}: ${error?.message ?? 'no reason was given'}`);
    }
  }
}

/** By the server's clock: the second one started before the first one ended. */
function wereSideBySide([first, second]: Avatars): boolean {
  const [asked, ended] = [second.trainingStartedAt, first.trainingCompletedAt];
  return asked !== null && ended !== null && Date.parse(asked) < Date.parse(ended);
}

/** The states begin with DRAFT, and every one is newer than the last. */
function areVersionsAscending({ states }: AvatarWatch): boolean {
  const versions = states.map(({ version }) => version);
  return (
    states[0]?.status === 'DRAFT' && versions.every((version, index) => version > (versions[index - 1] ?? -1))
  );
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
