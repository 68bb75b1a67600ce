import type { EnvReader } from './env-reader.ts';

export type StudioConfig = {
  readonly needsToken: boolean;
  /** Page that sends a user back with a token; null: the user pastes one. */
  readonly loginUrl: string | null;
};

/** Null: there is no page. */
export function readStudio(
  read: EnvReader,
  { isProduction, needsToken }: { readonly isProduction: boolean; readonly needsToken: boolean },
): StudioConfig | null {
  const isOn = read.onOff('STUDIO') ?? !isProduction;
  const loginUrl = read.url('STUDIO_LOGIN_URL', ['https:', 'http:']);
  if (loginUrl !== null && !needsToken)
    read.problems.push('STUDIO_LOGIN_URL is set, but a server without tokens needs no login: unset it');
  return isOn ? { needsToken, loginUrl } : null;
}
