import { createHash } from 'node:crypto';
import { StaticText } from './pages/static-text.ts';
import type { Plugin } from 'graphql-yoga';

/** Sent with every response. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Sets a content security policy for the playground that allows only its own scripts. Removes the duplicates that Yoga
 * puts in the Accept header of a 406.
 */
export function usePagePolicy(imageOrigins: readonly string[]): Plugin {
  let playground: Promise<StaticText> | null = null;
  return {
    onResultProcess: ({ acceptableMediaTypes }) => {
      acceptableMediaTypes.splice(0, Infinity, ...new Set(acceptableMediaTypes));
    },
    onResponse: async (payload) => {
      const { request, response } = payload;
      if (response.headers.get('content-type')?.startsWith('text/html') !== true) return;
      // Yoga has no other page, and renders this one the same for every request.
      playground ??= response.text().then(
        (page) =>
          new StaticText(page, {
            'content-security-policy': policyFor(page, imageOrigins),
            'content-type': 'text/html',
          }),
      );
      payload.setResponse(await (await playground).responseTo(request.headers));
    },
  };
}

function policyFor(page: string, imageOrigins: readonly string[]): string {
  const scripts = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, code = '']) => {
    return `'sha256-${createHash('sha256').update(code).digest('base64')}'`;
  });
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    "style-src 'unsafe-inline'",
    `img-src ${["'self'", 'data:', ...imageOrigins].join(' ')}`,
    'font-src data:',
    "connect-src 'self'",
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
