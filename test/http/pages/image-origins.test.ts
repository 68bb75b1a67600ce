import { expect, onTestFinished, test } from 'vitest';
import { FAL_REST_URL } from '../../../src/config/config.ts';
import { imageOriginsOf } from '../../../src/http/pages/image-origins.ts';
import { startTestApp } from '../../support/test-app.ts';

const AT_FAL = {
  key: 'k',
  queueUrl: 'https://queue.fal.run',
  restUrl: FAL_REST_URL,
  jwksUrl: 'https://j.example',
};

test.each([
  { keepsFiles: true, publicUrl: null, fal: null, simulatorUrl: 'http://127.0.0.1:5000', origins: [] },
  {
    keepsFiles: true,
    publicUrl: 'https://a.example/x',
    fal: AT_FAL,
    simulatorUrl: null,
    origins: ['https://a.example'],
  },
  {
    keepsFiles: false,
    publicUrl: null,
    fal: null,
    simulatorUrl: 'http://127.0.0.1:5000/fal',
    origins: ['http://127.0.0.1:5000'],
  },
  {
    keepsFiles: false,
    publicUrl: 'https://a.example',
    fal: AT_FAL,
    simulatorUrl: null,
    origins: ['https://a.example', 'https://fal.media', 'https://*.fal.media'],
  },
])(
  'with keepsFiles: $keepsFiles and publicUrl: $publicUrl, images come from $origins',
  ({ simulatorUrl, origins, ...config }) => {
    expect(imageOriginsOf(config, simulatorUrl)).toEqual(origins);
  },
);

/** Compressing the playground takes a third of a second. */
const UNCOMPRESSED = { accept: 'text/html', 'accept-encoding': 'identity' };

test.each(['on', 'off'])(
  'the playground allows images of these origins only, with KEEP_FILES=%s',
  async (keep) => {
    const app = await startTestApp({ env: { KEEP_FILES: keep } });
    onTestFinished(() => app.close());
    const page = await fetch(app.graphqlUrl, { headers: UNCOMPRESSED });
    // Unread, its megabytes would delay the end of the server.
    await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    const images = policy.split('; ').find((part) => part.startsWith('img-src '));
    const atFal = keep === 'on' ? '' : ` ${new URL(app.simulator.restUrl).origin}`;
    expect(images).toBe(`img-src 'self' data: ${new URL(app.url).origin}${atFal}`);
  },
);
