import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished, test } from 'vitest';
import { tmpdir } from 'node:os';
import { ConnectionTracker } from '../../src/http/connection-tracker.ts';
import { createFileDownload } from '../../src/http/file-download.ts';
import { FileUrls } from '../../src/http/file-url.ts';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { TIMEOUTS } from '../../src/http/timeouts.ts';
import type { FoundFile } from '../../src/jobs/open-file.ts';

const REF = { runId: `gen_${'0'.repeat(32)}`, position: 0 };
const STORED: FoundFile = {
  state: 'STORED',
  kind: 'IMAGE',
  ownerId: 'ada',
  url: 'https://fal.example/a.png',
  file: 'a',
  size: 3,
  sha256: 'x',
  contentType: 'image/png',
  failure: null,
  isLeased: false,
  nextAttemptInMs: null,
};

test('downloads end whose client has left before they began, also those in line behind another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const resultFiles = new LocalStorage(folder);
  await resultFiles.put('a', Readable.from([Buffer.from('abc')]));
  let find = (_found: FoundFile): void => undefined;
  const found = new Promise<FoundFile>((resolve) => (find = resolve));
  const urls = new FileUrls('secret', () => '');
  const never = () => Promise.reject(new Error('not expected'));
  const download = createFileDownload({
    urls,
    jobs: {
      files: { find: () => found, listFilesOf: never, claim: never, markLost: never },
      resultFiles,
      keeper: { copy: never, hasRoom: () => false, underWay: () => null },
    },
  });

  const answers: Promise<unknown>[] = [];
  const server = createServer((request, response) => void answers.push(download(request, response)));
  onTestFinished(() => void server.close());
  new ConnectionTracker(server, TIMEOUTS);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  client.write(`GET ${urls.urlOf(REF, undefined)} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(2));
  while (answers.length < 2) await once(server, 'request');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.resetAndDestroy();
  await closed;
  find(STORED);
  await Promise.all(answers);
});
