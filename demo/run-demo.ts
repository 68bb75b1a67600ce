import { ApiClient } from './api-client.ts';
import { createAvatars } from './steps/create-avatars.ts';
import { draw } from './steps/draw.ts';
import { uploadPhotos } from './steps/upload-photos.ts';
import { checkRequests } from './steps/check-requests.ts';
import { showArtefacts } from './steps/show-artefacts.ts';
import { makeOutputFolder, OUTPUT_FOLDER } from './pictures.ts';
import { startServices } from './services.ts';
import { train } from './steps/train.ts';
import type { Disposer } from '../src/async/disposer.ts';
import type { Output } from './output.ts';
import type { Wait } from './stoppable.ts';

export type DemoParts = {
  readonly output: Output;
  readonly wait: Wait;
  readonly disposer: Disposer;
  /** Receives the lines of the server's log. */
  readonly log: (line: string) => void;
};

/** Runs the demo. Rejects when it fails or is stopped. */
export async function runDemo({ output, wait, disposer, log }: DemoParts): Promise<void> {
  output.title('Likeness', [
    'Two AI avatars: training and image generation over HTTP, WebSocket, webhooks.',
    'A built-in simulator replaces fal.ai: no key, no cost, local traffic only.',
  ]);
  await wait(`the folder ${OUTPUT_FOLDER}`, makeOutputFolder());
  output.step('Start the server and the simulator of fal');
  const began = performance.now();
  const starting = startServices(log);
  disposer.add(async () => {
    const started = await starting.catch(() => null);
    await started?.close();
  });
  const services = await output.during('setting up an embedded PostgreSQL', wait('the server', starting));
  const client = await ApiClient.connect(services.graphqlUrl);
  disposer.add(() => client.close());
  output.fact('server', services.graphqlUrl);
  output.fact('fal', `${services.simulator.url}  (simulated)`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const ready = await wait('/readyz', fetch(`${services.url}/readyz`));
  output.check(ready.ok, `Ready in ${seconds} s, on free ports and with a temporary database of its own.`);

  const context = { output, wait, services, client };
  const imagesUrl = await uploadPhotos(context);
  const avatars = await createAvatars(context);
  const trained = await train(context, avatars, imagesUrl);
  showArtefacts(context, trained);
  await draw(context, trained);
  await checkRequests(context, trained);
}

export function printNextSteps(output: Output, seconds: string): void {
  output.heading(`All ${output.passed} promises held, in ${seconds} s.`);
  output.heading('Next');
  output.line('npm start             the server, with a playground at');
  output.line('                      http://127.0.0.1:4000/graphql');
  output.line('FAL_KEY=… npm start   the same with the real fal.ai: see README.md');
  output.line('');
}
