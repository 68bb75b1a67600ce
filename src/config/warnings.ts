import { deprecationNotice } from '../catalog/trainers.ts';
import type { Config } from './config.ts';
import type { Log } from '../log/log.ts';

/** What a setting means that an operator may not have meant. */
export function warnOfSettings(config: Config, log: Log): void {
  if (config.fal === null && config.databaseUrl !== null) {
    const advice = 'start `npm run fal` and give all of them its settings';
    log.warn(
      {},
      `runs are simulated in this process: other instances on this database cannot ask about them; ${advice}`,
    );
  }
  if (config.fal === null && config.isProduction) {
    log.warn({}, 'SIMULATE=yes: results are simulated, in production too');
  }
  if (config.fal !== null) {
    const notice = deprecationNotice(config.defaultTrainers.STYLE);
    if (notice !== null)
      log.warn({ styleTrainer: config.defaultTrainers.STYLE }, `${notice} (STYLE_TRAINER)`);
    if (config.publicUrl === null)
      log.info({}, 'PUBLIC_URL is not set: there are no webhooks, runs are polled');
  }
  if (config.auth.kind === 'JWT' && 'jwksUrl' in config.auth.keys && config.auth.audience === null) {
    const advice = 'any token of that issuer is taken, whichever service it was made for';
    log.warn({}, `AUTH_JWKS_URL is set without AUTH_AUDIENCE: ${advice}`);
  }
}
