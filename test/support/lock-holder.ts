// node --import tsx test/support/lock-holder.ts <folder>: prints "held" or "refused <pid>" and, having the lock, stays.
import { DataDirInUseError, lockFolder } from '../../src/embedded/folder-lock.ts';
import { printLine } from './print-line.ts';
import { silent } from './template.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('Which folder?');
try {
  await lockFolder(dataDir, silent);
  printLine('held');
  setInterval(() => undefined, 1000);
} catch (error) {
  if (!(error instanceof DataDirInUseError)) throw error;
  printLine(`refused ${error.pid}`);
}
