import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { tmpdir, userInfo } from 'node:os';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { Disposer } from '../../src/async/disposer.ts';
import { eventually } from './eventually.ts';
import { FILES_OF_PAGE } from './file-storage-tests.ts';
import { freePort } from './free-port.ts';
import { S3_SECRET } from './s3-secret.ts';
import type { Bucket } from '../../src/storage/s3-storage.ts';

/** Debian's, which has Debian's Swift. */
const PYTHON = '/usr/bin/python3';
const PACKAGES = ['swift-proxy', 'swift-account', 'swift-container', 'swift-object'];
const STORES = ['account', 'container', 'object'] as const;

/** The title of tests with a bucket: it says why they are skipped where they are. */
export function swiftNeeds(title: string): { readonly title: string; readonly isMissing: boolean } {
  if (PACKAGES.every((name) => existsSync(`/usr/bin/${name}-server`))) return { title, isMissing: false };
  const reason = `${title} (skipped: no OpenStack Swift; install it with "apt-get install --no-install-recommends ${PACKAGES.join(' ')}")`;
  process.stderr.write(`${reason}\n`);
  return { title: reason, isMissing: true };
}

export type Swift = {
  readonly bucket: Bucket & { readonly endpoint: string };
  /** The settings of a server that keeps its files there. */
  readonly env: Readonly<Record<string, string>>;
  /** Keys with parts of an unfinished upload. */
  unfinished(): Promise<string[]>;
  close(): Promise<void>;
};

/** OpenStack Swift, a storage of its own that speaks S3's protocol and checks signatures, with an empty bucket. */
export async function startSwift(): Promise<Swift> {
  const parts = new Disposer();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-swift-'));
    parts.add(() => rm(folder, { recursive: true, force: true }));
    const endpoint = await startServers(folder, parts);
    const bucket = {
      name: 'likeness-tests',
      region: 'us-east-1',
      endpoint,
      isNameInPath: true,
      accessKeyId: 'test:tester',
      secretAccessKey: S3_SECRET,
      prefix: 'likeness/',
    };
    const { name, region, accessKeyId, secretAccessKey } = bucket;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new S3Client({ region, endpoint, credentials, forcePathStyle: true });
    parts.add(() => client.destroy());
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return {
      bucket,
      env: {
        S3_BUCKET: name,
        S3_ENDPOINT: endpoint,
        S3_ACCESS_KEY_ID: accessKeyId,
        S3_SECRET_ACCESS_KEY: secretAccessKey,
      },
      async unfinished() {
        const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
        return Uploads.map(({ Key = '' }) => Key);
      },
      close: () => parts.dispose(),
    };
  } catch (error) {
    await parts.dispose();
    throw error;
  }
}

async function startServers(folder: string, parts: Disposer): Promise<string> {
  const devices = join(folder, 'devices');
  await mkdir(join(devices, 'd1'), { recursive: true });
  await writeFile(join(folder, 'swift.conf'), '[swift-hash]\nswift_hash_path_suffix = tests\n');
  const ports: Record<string, number> = {};
  for (const name of STORES) ports[name] = await freePort();
  await run(PYTHON, ['-c', RINGS, folder, JSON.stringify(ports)]);
  const common = (port: number) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
devices = ${devices}
mount_check = false
disable_fallocate = true
`;
  for (const name of STORES) {
    const config = `${common(ports[name] ?? 0)}
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
`;
    await startServer(name, folder, config, parts);
  }
  // The proxy avoids a server for a minute that did not answer it.
  for (const port of Object.values(ports)) await listening(port);
  const port = await freePort();
  await startServer('proxy', folder, `${common(port)}${PROXY}`, parts);
  await listening(port);
  return `http://127.0.0.1:${port}`;
}

async function listening(port: number): Promise<void> {
  await eventually(`Swift to listen on ${port}`, () =>
    fetch(`http://127.0.0.1:${port}`).then(
      (answer) => answer.text(),
      () => null,
    ),
  );
}

async function startServer(name: string, folder: string, config: string, parts: Disposer): Promise<void> {
  const path = join(folder, `${name}.conf`);
  await writeFile(path, config);
  const child = spawn(`/usr/bin/swift-${name}-server`, [path], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  parts.add(async () => {
    child.kill('SIGKILL');
    await exited;
  });
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${program} exited with ${code}`);
}

/** Which server has which files: one of each kind has all. */
const RINGS = `
import json, sys
from swift.common.ring import RingBuilder
for name, port in json.loads(sys.argv[2]).items():
    ring = RingBuilder(2, 1, 0)
    ring.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'd1', 'weight': 1, 'meta': ''})
    ring.rebalance()
    ring.get_ring().save('%s/%s.ring.gz' % (sys.argv[1], name))
`;

const FILTERS = [
  'catch_errors',
  'gatekeeper',
  'cache',
  'listing_formats',
  's3api',
  'tempauth',
  'copy',
  'slo',
  'dlo',
];

const OPTIONS: Readonly<Record<string, string>> = {
  // It wants one, and works with none that answers.
  cache: 'memcache_servers = 127.0.0.1:1\n',
  s3api: `location = us-east-1\nmax_bucket_listing = ${FILES_OF_PAGE}\nstorage_domain = localhost\n`,
  tempauth: `user_test_tester = ${S3_SECRET} .admin\n`,
};

const PROXY = `
[pipeline:main]
pipeline = ${FILTERS.join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${FILTERS.map((name) => `[filter:${name}]\nuse = egg:swift#${name === 'cache' ? 'memcache' : name}\n${OPTIONS[name] ?? ''}`).join('')}`;
