import { ApiClient } from './api-client.ts';
import { createAvatars } from './acts/create-avatars.ts';
import { draw } from './acts/draw.ts';
import { handInPhotos } from './acts/hand-in-photos.ts';
import { lookAtFal } from './acts/look-at-fal.ts';
import { showArtefacts } from './acts/show-artefacts.ts';
import { makeOutputFolder, OUTPUT_FOLDER } from './pictures.ts';
import { startServices } from './services.ts';
import { train } from './acts/train.ts';
import type { Disposer } from '../src/async/disposer.ts';
import type { Narrator } from './narrator.ts';
import type { Patience } from './patience.ts';

export type Stage = {
  readonly narrator: Narrator;
  readonly wait: Patience;
  /** Gets the end of everything that is started, also of what is still starting when the demo is stopped. */
  readonly ends: Disposer;
  /** Gets the server's log, line by line. */
  readonly log: (line: string) => void;
};

/** The demo from start to end. Rejects with what stopped it. */
export async function tellStory({ narrator, wait, ends, log }: Stage): Promise<void> {
  narrator.title('Likeness', [
    'Two AI avatars, trained and drawn over real HTTP, WebSockets and webhooks.',
    'The built-in simulator plays fal.ai: no key, no bill, nothing leaves here.',
  ]);
  await wait(`the folder ${OUTPUT_FOLDER}`, makeOutputFolder());
  narrator.step('Start the server and the simulator of fal');
  const began = performance.now();
  const starting = startServices(log);
  ends.add(async () => {
    const started = await starting.catch(() => null);
    await started?.close();
  });
  const services = await narrator.during('setting up an embedded PostgreSQL', wait('the server', starting));
  const client = await ApiClient.connect(services.graphqlUrl);
  ends.add(() => client.close());
  narrator.fact('server', services.graphqlUrl);
  narrator.fact('fal', `${services.simulator.url}  (simulated)`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const ready = await wait('/readyz', fetch(`${services.url}/readyz`));
  narrator.promise(
    ready.ok,
    `Ready in ${seconds} s, on free ports and with a temporary database of its own.`,
  );

  const scene = { narrator, wait, services, client };
  const imagesUrl = await handInPhotos(scene);
  const cast = await createAvatars(scene);
  const trained = await train(scene, cast, imagesUrl);
  showArtefacts(scene, trained);
  await draw(scene, trained);
  await lookAtFal(scene, trained);
}

/** What to do next. */
export function tellHowToGoOn(narrator: Narrator, seconds: string): void {
  narrator.heading(`All ${narrator.kept} promises held, in ${seconds} s.`);
  narrator.heading('Go on');
  narrator.line('npm start             the server; its playground is at');
  narrator.line('                      http://127.0.0.1:4000/graphql');
  narrator.line('FAL_KEY=… npm start   the same with the real fal.ai: see README.md');
  narrator.line('');
}
