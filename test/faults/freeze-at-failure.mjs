// node --import: freezes this process before it sends the first statement that makes an avatar FAILED, and logs that.
import process from 'node:process';
import { makesAvatar, patchQuery } from './patch-query.mjs';

let isFirst = true;

patchQuery((original) => {
  return function query(...args) {
    if (isFirst && makesAvatar('FAILED', args)) {
      isFirst = false;
      process.stdout.write('{"level":"info","msg":"frozen"}\n');
      process.kill(process.pid, 'SIGSTOP');
    }
    return Reflect.apply(original, this, args);
  };
});
