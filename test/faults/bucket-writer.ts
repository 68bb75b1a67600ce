// node --import tsx test/faults/bucket-writer.ts <size>: begins to put a file of more than that into the bucket of its
// environment, says so when so much is taken, and never ends.
import { S3Storage, type Bucket } from '../../src/storage/s3-storage.ts';
import { printLine } from '../support/print-line.ts';

const size = Number(process.argv[2]);
const storage = new S3Storage(JSON.parse(process.env['BUCKET'] ?? '') as Bucket);

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < size; sent += 65_536) yield new Uint8Array(65_536);
  printLine('taken');
  await new Promise(() => setInterval(() => undefined, 1000));
}

await storage.put('killed/1', endless());
