import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { isPublicAddress } from '../../src/links/public-address.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { LoraLinks } from '../../src/links/lora-links.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const GIGABYTE = 1e9;
const tensors = { 'a.weight': { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } };
const lora = fileOf({ __metadata__: { format: 'pt' }, ...tensors }, 16);

/** A safetensors file; `length` replaces the true length of its header. */
function fileOf(header: unknown, bytes: number, length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([head, json, Buffer.alloc(bytes)]);
}

const sends =
  (body: Buffer | string, headers: Readonly<Record<string, string>> = {}, status = 200): Handler =>
  (_request, response) => {
    response.writeHead(status, { 'content-length': String(body.length), ...headers });
    response.end(body);
  };

const redirectsTo =
  (location: string): Handler =>
  (_request, response) => {
    response.writeHead(302, { location });
    response.end();
  };

/** A host that callers link to. Its origin is trusted, because a test may not connect to a public address. */
let host: { readonly url: string; handler: Handler; readonly sockets: Set<Socket> };
/** A service of this machine that no link may reach. */
let internal: { readonly port: number; connections: number };
const servers: Server[] = [];

function listen(server: Server): Promise<string> {
  servers.push(server);
  return listenOnLoopback(server);
}

beforeAll(async () => {
  const web = createServer((request, response) => host.handler(request, response));
  const sockets = new Set<Socket>();
  web.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  host = { url: await listen(web), handler: sends(lora), sockets };
  const secret = createTcpServer((socket) => {
    internal.connections += 1;
    socket.destroy();
  });
  internal = { port: Number(new URL(await listen(secret)).port), connections: 0 };
});

afterAll(() => {
  for (const socket of host.sockets) socket.destroy();
  for (const server of servers) server.close();
});

function linksWith(options: Partial<ConstructorParameters<typeof LoraLinks>[0]> = {}) {
  const resolve = async (name: string) => (name === 'nowhere.example' ? [] : ['127.0.0.1']);
  return new LoraLinks({ trustedOrigins: new Set([host.url]), resolve, ...options });
}

async function check(handler: Handler, options?: Parameters<typeof linksWith>[0]): Promise<string> {
  host.handler = handler;
  const outcome = await linksWith(options).check('ada', `${host.url}/lora.safetensors`);
  return typeof outcome === 'string' ? outcome : outcome.expected;
}

describe('a LoRA file is valid', () => {
  test('from a host that ignores ranges, with one request for its beginning', async () => {
    const ranges: unknown[] = [];
    const outcome = await check((request, response) => {
      ranges.push(request.headers.range, request.headers['accept-encoding']);
      sends(lora)(request, response);
    });
    expect(outcome).toBe('valid');
    expect(ranges).toEqual(['bytes=0-1048583', 'identity']);
  });

  test('from a host that sends the beginning of a large file, of which no more is read', async () => {
    const size = 2 * GIGABYTE;
    const large = { 'a.weight': { dtype: 'F16', shape: [size], data_offsets: [0, 0] } };
    const header = (end: number) =>
      JSON.stringify({ 'a.weight': { ...large['a.weight'], data_offsets: [0, end] } });
    const length = Buffer.byteLength(header(size - 100));
    const beginning = fileOf(header(size - 8 - length), 1000);
    const range = { 'content-range': `bytes 0-${beginning.length - 1}/${size}` };
    expect(Buffer.byteLength(header(size - 8 - length))).toBe(length);
    expect(await check(sends(beginning, range, 206))).toBe('valid');
  });

  test('behind a redirect', async () => {
    const handler: Handler = (request, response) =>
      (request.url === '/moved' ? sends(lora) : redirectsTo('/moved'))(request, response);
    expect(await check(handler)).toBe('valid');
  });
});

const NOT_PUBLIC = 'a host that has public addresses only';

describe('a host of this machine or network is never connected to, and every one has the same answer', () => {
  const names = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '0.0.0.0',
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '169.254.169.254',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '255.255.255.255',
    'localhost',
    'localhost.localdomain',
    'rebound.example',
    'nowhere.example',
  ];

  test.each(names)('%s, as a link or behind a redirect', async (name) => {
    const link = `http://${name}:${internal.port}/lora.safetensors`;
    expect(await linksWith().check('ada', link)).toEqual({ expected: NOT_PUBLIC });
    expect(await check(redirectsTo(link))).toBe(NOT_PUBLIC);
    expect(internal.connections).toBe(0);
  });

  test('a name with a public and an internal address', async () => {
    const resolve = async () => ['93.184.215.14', '10.0.0.1'];
    expect(await linksWith({ resolve }).check('ada', 'http://both.example/')).toEqual({
      expected: NOT_PUBLIC,
    });
  });

  test('the same machine at another port than a trusted origin', async () => {
    expect(await check(redirectsTo(`http://127.0.0.1:${internal.port}/`))).toBe(NOT_PUBLIC);
    expect(internal.connections).toBe(0);
  });
});

test.each<[address: string, isPublic: boolean]>([
  ['8.8.8.8', true],
  ['172.32.0.1', true],
  ['192.169.0.1', true],
  ['2606:4700::1111', true],
  ['2001:4860:4860::8888', true],
  ['2001:0:5ef5::1', false],
  ['2001:db8::1', false],
  ['::ffff:8.8.8.8', false],
  ['fc00::1', false],
  ['ff02::1', false],
  ['fe80::1%eth0', false],
  ['198.19.0.1', false],
  ['224.0.0.1', false],
  ['localhost', false],
  ['', false],
])('%j is a public address: %j', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

describe('a hostile host is refused with the reason', () => {
  const range = (size: number) => ({ 'content-range': `bytes 0-${lora.length - 1}/${size}` });
  test.each<[what: string, handler: Handler, expected: string]>([
    ['no file', sends('gone', {}, 404), 'HTTP status 200 or 206, not 404'],
    ['a redirect to another protocol', redirectsTo('ftp://127.0.0.1/'), 'a redirect to an http(s) URL'],
    ['a redirect to data', redirectsTo('data:text/plain,x'), 'a redirect to an http(s) URL'],
    ['a redirect with a password', redirectsTo('http://u:p@127.0.0.1/'), 'a redirect to an http(s) URL'],
    ['redirects in a circle', redirectsTo('/again'), 'at most 5 redirects'],
    ['a compressed file', sends(lora, { 'content-encoding': 'gzip' }), 'without a content encoding'],
    [
      'a file of unknown size',
      (_, response) => {
        response.write(lora);
        response.end();
      },
      'whose size the host reports',
    ],
    ['a range elsewhere', sends(lora, { 'content-range': 'bytes 8-99/100' }, 206), 'whose size the host'],
    [
      'a range of an unknown size',
      sends(lora, { 'content-range': 'bytes 0-9/*' }, 206),
      'whose size the host',
    ],
    ['a huge file', sends(lora, range(6 * GIGABYTE), 206), 'at most 5 GB'],
    [
      'a size that is a lie',
      sends(lora, range(lora.length + 1), 206),
      'of the length in its safetensors header',
    ],
    ['an empty file', sends(''), 'a complete safetensors header'],
    ['a page', sends('<!doctype html><title>Sign in</title>'), 'a header of at most 1048576 bytes'],
    ['a header of 2^63 bytes', sends(fileOf(tensors, 16, 2n ** 63n)), 'a header of at most 1048576 bytes'],
    ['a header longer than the file', sends(fileOf(tensors, 16, 5000n)), 'a header of at most 1048576 bytes'],
    ['a header that is no JSON', sends(fileOf('{"a":', 0)), 'a JSON object'],
    ['a header that is a list', sends(fileOf([tensors], 16)), 'a JSON object'],
    ['a header that is nested deeply', sends(fileOf('['.repeat(1_000_000), 0)), 'a JSON object'],
    ['no tensors', sends(fileOf({ __metadata__: {} }, 0)), 'with tensors'],
    ['tensors without offsets', sends(fileOf({ a: { dtype: 'F32', shape: [1] } }, 4)), 'data_offsets'],
    ['a tensor that is a text', sends(fileOf({ a: 'b' }, 0)), 'data_offsets'],
    [
      'offsets that are no numbers',
      sends(fileOf({ a: { dtype: 'F32', shape: [1], data_offsets: ['0', '4'] } }, 4)),
      'data_offsets',
    ],
    [
      'headers without end',
      (_, response) => {
        response.writeHead(200, { 'x-large': 'x'.repeat(100_000) });
        response.end();
      },
      'a host that responds over HTTP',
    ],
    ['a connection that breaks', (_, response) => void response.destroy(), 'a host that responds over HTTP'],
    [
      'a body that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': '5000' });
        response.write(lora.subarray(0, 20), () => response.destroy());
      },
      'a host that responds over HTTP',
    ],
    [
      'another protocol',
      ({ socket }) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
      },
      'a host that responds over HTTP',
    ],
  ])('%s', async (_what, handler, expected) => {
    expect(await check(handler)).toContain(expected);
  });

  test('a body without end is read no further than a header may reach', async () => {
    let written = 0;
    const outcome = await check((_request, response) => {
      response.writeHead(200, { 'content-length': String(4 * GIGABYTE) });
      response.write(fileOf('', 0, 1024n * 1024n));
      const spaces = Buffer.alloc(64 * 1024, ' ');
      const pour = () => {
        while (!response.destroyed && response.write(spaces)) written += spaces.length;
        written += spaces.length;
      };
      response.on('drain', pour);
      pour();
    });
    expect(outcome).toBe('a safetensors header: a JSON object');
    // The rest is what the sockets of both sides hold.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  test('a slow one is given up, before and within its answer', async () => {
    const silent: Handler = () => undefined;
    const slow: Handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '5000' });
      response.write(fileOf('', 0, 4000n));
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    };
    for (const handler of [silent, slow])
      expect(await check(handler, { timeoutMs: 300 })).toContain('within 0.3 s');
  });

  test('the end of the server ends a check', async () => {
    const closing = new AbortController();
    const arrived = new Promise<void>((done) => {
      host.handler = () => done();
    });
    const outcome = linksWith({ closing: closing.signal }).check('ada', host.url);
    await arrived;
    closing.abort();
    expect(await outcome).toHaveProperty('expected');
  });
});

test('an owner has three checks at a time, and takes no place from others', async () => {
  const waiting: ServerResponse[] = [];
  const arrived = new Promise<void>((done) => {
    host.handler = (_request, response) => {
      waiting.push(response);
      if (waiting.length === 3) done();
    };
  });
  const links = linksWith();
  const held = Array.from({ length: 3 }, () => links.check('ada', host.url));
  await arrived;
  expect(await links.check('ada', host.url)).toBe('busy');
  host.handler = sends(lora);
  expect(await links.check('bob', host.url)).toBe('valid');
  for (const response of waiting) response.destroy();
  await Promise.all(held);
  expect(await links.check('ada', host.url)).toBe('valid');
});
