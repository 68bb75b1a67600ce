import { deprecationNotice } from '../catalog/catalog.ts';
import { priceOf } from '../catalog/prices.ts';
import type { Config } from './config.ts';
import type { Log } from '../log/log.ts';

/** Logs settings with a consequence that the operator may not expect. */
export function warnOfSettings(config: Config, log: Log): void {
  for (const name of config.unknownLimits) log.warn({}, `unknown setting ${name}: it has no effect`);
  if (config.fal === null && config.databaseUrl !== null) {
    const advice = 'run `npm run fal` and configure all instances to use it';
    log.warn(
      {},
      `simulated runs exist in this process only, not for other instances on this database; ${advice}`,
    );
  }
  if (config.fal === null && config.isProduction) {
    log.warn({}, 'SIMULATE=yes: results are simulated in production');
  }
  if (config.fal !== null) {
    const [styleTrainer, alternative] = config.defaultTrainers.STYLE;
    const trainer = config.catalog.trainer(styleTrainer);
    const notice = trainer && deprecationNotice(trainer);
    if (alternative !== undefined) {
      const rule = `${styleTrainer} first, ${alternative} after fal has retired it`;
      log.info({ styleTrainer, alternative }, `STYLE_TRAINER=auto: ${rule}`);
    } else if (notice !== null) {
      log.warn({ styleTrainer }, `${notice} (STYLE_TRAINER)`);
    }
    if (config.publicUrl === null) log.info({}, 'PUBLIC_URL is not set: no webhooks, runs are polled');
  }
  const { microUsdPerDay, totalMicroUsdPerDay } = config.limits;
  if (microUsdPerDay !== null || totalMicroUsdPerDay !== null) {
    for (const [type, [name]] of Object.entries(config.defaultTrainers)) {
      const trainer = config.catalog.trainer(name);
      if (trainer !== null && priceOf(trainer.endpoint) === null)
        log.warn(
          { trainer: name },
          `spending limit refuses ${type} trainings with the default trainer: its price is unknown`,
        );
    }
  }
  if (config.auth.kind === 'JWT' && 'jwksUrl' in config.auth.keys && config.auth.audience === null) {
    const advice = 'tokens of the same issuer for other services are accepted';
    log.warn({}, `AUTH_JWKS_URL is set without AUTH_AUDIENCE: ${advice}`);
  }
}
