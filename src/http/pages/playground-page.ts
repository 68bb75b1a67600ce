import { createHash } from 'node:crypto';
import { StaticText } from './static-text.ts';
import type { Plugin } from 'graphql-yoga';

/** Compresses the page of the playground, with a content security policy that allows only its own scripts. */
export function usePlaygroundPage(imageOrigins: readonly string[]): Plugin {
  let playground: Promise<StaticText> | null = null;
  return {
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
