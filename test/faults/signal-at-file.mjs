// node --import: sends this process SIGNAL when it has opened, or is about to rename, a file whose name ends with AT.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const { open, rename } = fs.promises;
const { AT, SIGNAL } = process.env;

function signalAt(path) {
  if (String(path).endsWith(AT)) process.kill(process.pid, SIGNAL);
}

fs.promises.open = async (path, ...more) => {
  const handle = await open(path, ...more);
  signalAt(path);
  return handle;
};
fs.promises.rename = (from, to) => {
  signalAt(from);
  return rename(from, to);
};
syncBuiltinESMExports();
