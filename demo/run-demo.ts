import { join, resolve } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { ApiClient } from './api-client.ts';
import { createAvatars } from './steps/create-avatars.ts';
import { draw } from './steps/draw.ts';
import { uploadPhotos } from './steps/upload-photos.ts';
import { checkRequests } from './steps/check-requests.ts';
import { showArtifacts } from './steps/show-artifacts.ts';
import { makeOutputFolder, OUTPUT_FOLDER } from './images.ts';
import { startServices, type Services } from './services.ts';
import { train } from './steps/train.ts';
import type { Disposer } from '../src/async/disposer.ts';
import type { Output } from './output.ts';
import type { Wait } from './stoppable.ts';

type DemoParts = {
  readonly output: Output;
  readonly wait: Wait;
  readonly disposer: Disposer;
  /** Receives the lines of the server's log. */
  readonly log: (line: string) => void;
};

/** Runs the demo, and leaves its services running until disposal. Rejects when it fails or is stopped. */
export async function runDemo({ output, wait, disposer, log }: DemoParts): Promise<Services> {
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
  output.fact('page', await wait('the page', pageOf(services)));
  output.fact('server', services.graphqlUrl);
  output.fact('fal', `${services.simulator.url}  (simulated)`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const ready = await wait('/readyz', fetch(`${services.url}/readyz`));
  output.check(ready.ok, `Ready in ${seconds} s, on free ports, with a temporary database.`);

  const context = { output, wait, services, client };
  const imagesUrl = await uploadPhotos(context);
  const avatars = await createAvatars(context);
  const trained = await train(context, avatars, imagesUrl);
  showArtifacts(context, trained);
  await draw(context, trained);
  await checkRequests(context, trained);
  return services;
}

export function printResult(output: Output, seconds: string): void {
  output.heading(`All ${output.passed} checks passed, in ${seconds} s.`);
}

export function printNextSteps(output: Output): void {
  output.heading('Next');
  output.line('npm run demo -- --stay   the same, and the server keeps running');
  output.line('npm start                the server at http://127.0.0.1:4000');
  output.line('FAL_KEY=… npm start      the same with the real fal.ai: see README.md');
  output.line('');
}

/** Saves the sample photos, and prints the next steps. */
export async function printStay(output: Output, services: Services): Promise<void> {
  const folder = join(OUTPUT_FOLDER, 'photos');
  await mkdir(folder, { recursive: true });
  const zip = await fetch(services.simulator.samplePhotosUrl);
  for (const [name, photo] of Object.entries(unzipSync(new Uint8Array(await zip.arrayBuffer()))))
    await writeFile(join(folder, name), photo);
  output.heading('The server keeps running');
  output.fact('open', await pageOf(services));
  output.fact('photos', resolve(folder));
  output.fact('', 'of one person: drop them into the page, train, and generate');
  output.fact('stop', 'Ctrl-C; deletes the database, keeps the images');
  output.line('');
}

/** The address to open: the Studio, or the playground of a server without it. */
async function pageOf({ url, graphqlUrl }: Services): Promise<string> {
  const answer = await fetch(url, { headers: { accept: 'text/html' } });
  await answer.body?.cancel();
  return answer.headers.get('content-type')?.startsWith('text/html') === true ? `${url}/` : graphqlUrl;
}
