import type { EnvReader } from './env-reader.ts';

export const BUCKET_SETTINGS = [
  'S3_BUCKET',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'S3_REGION',
  'S3_ENDPOINT',
  'S3_PREFIX',
  'S3_PATH_STYLE',
] as const;

/** Null: files are in the data folder. */
export function readBucket(read: EnvReader) {
  const name = read.text('S3_BUCKET');
  const accessKeyId = read.text('S3_ACCESS_KEY_ID');
  const secretAccessKey = read.text('S3_SECRET_ACCESS_KEY');
  const endpoint = readEndpoint(read);
  const region = read.text('S3_REGION') ?? (endpoint === null ? null : 'us-east-1');
  const prefix = read.text('S3_PREFIX') ?? 'likeness';
  const isNameInPath = read.onOff('S3_PATH_STYLE') ?? endpoint !== null;
  const given = BUCKET_SETTINGS.filter((setting) => read.text(setting) !== null);
  if (name === null) {
    if (given.length > 0)
      read.problems.push(`${given.join(', ')}: S3_BUCKET is not set; set it too, or unset the others`);
    return null;
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
    read.problems.push('S3_BUCKET: expected 3 to 63 lower-case letters, digits, dots and hyphens');
  if (!/^[\w-]+(?:\/[\w-]+)*$/.test(prefix) || prefix.length > 200)
    read.problems.push(
      'S3_PREFIX: expected up to 200 letters, digits, `_` and `-`, with single slashes between',
    );
  if (region !== null && !/^[a-z0-9-]{1,64}$/.test(region))
    read.problems.push('S3_REGION: expected lower-case letters, digits and hyphens, such as eu-central-1');
  for (const [setting, key] of [
    ['S3_ACCESS_KEY_ID', accessKeyId],
    ['S3_SECRET_ACCESS_KEY', secretAccessKey],
  ] as const) {
    if (key === null) read.problems.push(`S3_BUCKET is set but ${setting} is not`);
    else if (!/^[\x21-\x7e]{1,256}$/.test(key))
      read.problems.push(`${setting}: expected up to 256 visible ASCII characters`);
  }
  if (region === null && read.text('S3_ENDPOINT') === null)
    read.problems.push('S3_BUCKET is set but neither S3_REGION nor S3_ENDPOINT is');
  if (region === null || accessKeyId === null || secretAccessKey === null) return null;
  return { name, region, endpoint, isNameInPath, accessKeyId, secretAccessKey, prefix: `${prefix}/` };
}

/** HTTP without TLS shows the files to everyone on the way, so it must stay in the operator's network. */
function readEndpoint(read: EnvReader): string | null {
  const endpoint = read.base('S3_ENDPOINT');
  if (endpoint === null) return null;
  const { protocol, hostname, pathname, username, password } = new URL(endpoint);
  if (pathname !== '/' || username !== '' || password !== '')
    read.problems.push('S3_ENDPOINT: expected a scheme, a host and a port, such as https://s3.example.com');
  if (protocol === 'http:' && !isInside(hostname))
    read.problems.push(
      'S3_ENDPOINT: expected https, or http to a private address, a name without a dot or a name that ends with .internal, .local, .localhost or .svc',
    );
  return endpoint;
}

/** Whether a host is in the operator's network, as far as its name or address shows. */
function isInside(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return PRIVATE_IPV4.test(host);
  if (host.startsWith('[')) return /^\[(?:::1\]|f[cd])/.test(host);
  return !host.includes('.') || /\.(?:internal|local|localhost|svc)$/.test(host);
}

const PRIVATE_IPV4 = /^(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./;
