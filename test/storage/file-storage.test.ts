import { fileStorageTests } from '../support/file-storage-tests.ts';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

fileStorageTests({
  title: 'a folder',
  isMissing: false,
  async open() {
    const folder = await mkdtemp(`${tmpdir()}/likeness-`);
    return { storage: new LocalStorage(folder), close: () => rm(folder, { recursive: true }) };
  },
});
