import { CommandError, EX_USAGE, exitStatusOf, print } from '../cli/command.ts';
import { endWait, printBreaker } from './breaker.ts';
import { adopt, listUnknown, notStarted } from './unknown.ts';
import { exportAvatar } from './export-avatar.ts';
import { importAvatars } from './import-avatars.ts';
import { openServices, type OperatorServices } from './services.ts';

const USAGE = `usage: npm run operator -- <command>

  breaker                          print the state of the circuit breaker
  breaker probe                    send the next submit as a probe, without a further wait
  unknown                          list the submits with unknown outcome
  unknown <id> adopt <request id>  resolve one: it started this run at fal
  unknown <id> not-started         resolve one: it started no run
  import-avatars --owner <owner> [--dry-run]
                                   import the avatars of the previous system
  import-avatars --owner-column <column> [--dry-run]
                                   the same, each for the owner that its row names
  export <avatar> <folder>         write an avatar's rows, and requests that generate its images

<id>: the job (job_...), the avatar in training (avt_...) or the generation (gen_...)
The settings are the server's: DATABASE_URL or DATA_DIR; for breaker and adopt also FAL_KEY, FAL_QUEUE_URL
and FAL_REST_URL; for export also IMPORT_ORIGINS and S3_... import-avatars also needs
SOURCE_DATABASE_URL, the PostgreSQL of the previous system.`;

type Command = (services: OperatorServices) => Promise<void>;

/** The command that the arguments name; null when they name none. */
function commandOf([noun, ...args]: readonly string[]): Command | null {
  const [first, verb, requestId, ...more] = args;
  if (noun === 'breaker' && args.length === 0) return printBreaker;
  if (noun === 'breaker' && args.length === 1 && first === 'probe') return endWait;
  if (noun === 'import-avatars') return importCommand(args);
  if (noun === 'export' && first !== undefined && verb !== undefined && args.length === 2)
    return (services) => exportAvatar(services, first, verb);
  if (noun !== 'unknown') return null;
  if (first === undefined) return listUnknown;
  if (verb === 'not-started' && args.length === 2) return (services) => notStarted(services, first);
  if (verb === 'adopt' && requestId !== undefined && more.length === 0) {
    return (services) => adopt(services, first, requestId);
  }
  return null;
}

function importCommand(args: readonly string[]): Command | null {
  const isDryRun = args.includes('--dry-run');
  const [flag, value, ...more] = args.filter((arg) => arg !== '--dry-run');
  if (value === undefined || more.length > 0) return null;
  if (flag !== '--owner' && flag !== '--owner-column') return null;
  const newOwner = flag === '--owner' ? { owner: value } : { column: value };
  return (services) => importAvatars(services, process.env['SOURCE_DATABASE_URL'], newOwner, { isDryRun });
}

/** `npm run operator -- <command>`: what an operator decides by hand. */
void exitStatusOf(async () => {
  const args = process.argv.slice(2);
  if (args.length === 1 && (args[0] === '--help' || args[0] === 'help')) {
    print(USAGE);
    return;
  }
  const command = commandOf(args);
  if (command === null) throw new CommandError(USAGE, EX_USAGE);
  const services = await openServices(process.env);
  await command(services).finally(() => services.close());
}).then((status) => process.exit(status));
