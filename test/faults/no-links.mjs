// Loaded before a program: its file system has no links. With FAIL_AT_NAME a file cannot be given its name.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.promises.link = async () => {
  throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
};
const { rename } = fs.promises;
fs.promises.rename = async (from, to) => {
  if (process.env.FAIL_AT_NAME !== undefined && String(from).endsWith('.unfinished')) {
    throw Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO' });
  }
  return rename(from, to);
};
syncBuiltinESMExports();
