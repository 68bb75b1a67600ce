import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Path of the browser: CHROMIUM, or the first known name in PATH.
 *
 * @throws when there is none
 */
export function chromiumPath(): string {
  const { CHROMIUM, PATH = '' } = process.env;
  const places = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = CHROMIUM ?? places.find(isProgram);
  if (found !== undefined && isProgram(found)) return found;
  const what = CHROMIUM === undefined ? 'Chromium is not installed' : `CHROMIUM=${CHROMIUM} is no program`;
  throw new Error(
    `${what}: run "apt-get install chromium" as root, or set CHROMIUM to the path of a browser.`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Before the browser tests: one sentence instead of a failure of each. */
export default function setup(): void {
  try {
    chromiumPath();
  } catch (error) {
    // Its place in the code helps nobody.
    if (error instanceof Error) error.stack = error.message;
    throw error;
  }
}
