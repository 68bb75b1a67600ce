import { ConfigError, readConfig, type Config } from './config/config.ts';
import { createApp, type App } from './app.ts';
import { createLog } from './log/create-log.ts';
import { EX_CONFIG } from './cli/command.ts';
import { formsOfFalKey, isRedacted } from './log/secrets.ts';
import { errorCodeOf } from './values/error-code.ts';

/** Maximum duration of a shutdown. */
const SHUTDOWN_MS = 9000;
/** Maximum duration of a shutdown after an uncaught exception, which may have damaged the process. */
const FAULT_SHUTDOWN_MS = 3000;

// On Node 20 the client of S3 would print that its versions of next year need a newer Node.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const config = configOrExit();
const log = createLog(config.logLevel, secretsOf(config));

// A closed pipe must not end the server.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Nothing to wait for until the app is ready: a start may be aborted at any point. */
let close = () => Promise.resolve();
let hasFault = false;
process.on('uncaughtException', endWithFault);
process.on('unhandledRejection', (error) => {
  // When an item of a list fails at once, graphql-js leaves the later errors of the other items unhandled.
  if (error instanceof Error && error.name === 'GraphQLError')
    log.error({ err: error }, 'GraphQL error in an item of a failed list');
  else endWithFault(error);
});

function endWithFault(error: unknown): void {
  // Later exceptions are consequences of the first.
  if (hasFault) return;
  hasFault = true;
  log.fatal({ err: error }, 'uncaught exception; exiting');
  const exit = () => process.exit(1);
  setTimeout(exit, FAULT_SHUTDOWN_MS);
  close().then(exit, exit);
}

let isEnding = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isEnding) {
      log.warn({ signal }, 'second signal; exiting at once');
      process.exit(1);
    }
    isEnding = true;
    log.info({ signal }, 'shutting down');
    setTimeout(() => {
      log.error({}, 'shutdown timed out');
      process.exit(1);
    }, SHUTDOWN_MS).unref();
    close().then(
      () => {
        log.info({}, 'shut down');
        process.exit(hasFault ? 1 : 0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  });
}

void appOrExit().then((app) => {
  close = () => app.close();
  announce(app);
});

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EX_CONFIG);
  }
}

async function appOrExit(): Promise<App> {
  try {
    return await createApp(config, log);
  } catch (error) {
    log.fatal({ err: error }, 'start failed');
    process.stderr.write(`Likeness failed to start: ${reasonOf(error)}\n`);
    process.exit(1);
  }
}

function secretsOf({ fal, auth, databaseUrl, redisUrl, metricsToken, bucket }: Config): string[] {
  const passwords = [databaseUrl, redisUrl].flatMap((url) => (url === null ? [] : passwordsIn(url)));
  const signing = auth.kind === 'JWT' && 'secret' in auth.keys ? auth.keys.secret : '';
  const others = [signing, metricsToken ?? '', bucket?.secretAccessKey ?? '', ...passwords];
  return [...formsOfFalKey(fal?.key ?? ''), ...others.filter(isRedacted)];
}

/** Message of an error, with the setting that causes it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = errorCodeOf(error);
  const message = error.message === '' ? code : error.message;
  if (code === 'EADDRINUSE')
    return `port ${config.port} is in use: stop the other process or set PORT. (${message})`;
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') return `${message} (PORT, HOST, DATA_DIR)`;
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return `DATA_DIR=${config.dataDir} is not a folder. (${message})`;
  if (code === '3D000') return `${message}; create it first. (DATABASE_URL)`;
  if (config.databaseUrl !== null && code !== '') return `PostgreSQL at DATABASE_URL: ${message}`;
  return message;
}

/** Password of a URL, encoded and decoded. */
function passwordsIn(url: string): string[] {
  const { password } = new URL(url);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Prints the addresses; in production they are only in the log. */
function announce({ url, graphqlUrl, simulatorUrl, sampleImagesUrl }: App): void {
  log.info({ url, simulatorUrl }, 'ready');
  if (config.isProduction) return;
  const lines = [`Likeness is ready: ${url}`];
  if (config.studio !== null) lines.push(`  studio      ${url}/`);
  lines.push(`  playground  ${graphqlUrl}`);
  if (simulatorUrl !== null) {
    lines.push(
      `  fal         simulated at ${simulatorUrl} (set FAL_KEY to use fal)`,
      `  photos      ${sampleImagesUrl ?? ''} (sample for a training)`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
