import { buildPrograms } from '../../scripts/build.mjs';

/** Before any test that starts the server as a process: dist/main.js of the code as it is now. */
export default async function setup(): Promise<void> {
  await buildPrograms(['main'], { isCached: true });
}
