import { codedError } from '../errors.ts';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import type { Plugin } from 'graphql-yoga';

/**
 * Headers that make a browser send a CORS preflight. Not `authorization`: after HTTP basic authentication at a proxy, a
 * browser adds it to every request, including forms of foreign pages.
 */
const PROOF_HEADERS = ['x-graphql-yoga-csrf', 'graphql-require-preflight', 'apollo-require-preflight'];

/**
 * CSRF protection: refuses requests that a foreign page can send without a preflight, such as forms. Allows event streams,
 * because EventSource cannot set headers and they change nothing.
 *
 * @param guardsGet also refuse plain GET requests, whose responses a foreign page could read from a cache
 */
export function useCsrfProtection({ guardsGet }: { readonly guardsGet: boolean }): Plugin {
  const guard = useCSRFPrevention({ requestHeaders: PROOF_HEADERS });
  return {
    onRequestParse(payload) {
      const { method, headers } = payload.request;
      const isStream = headers.get('accept')?.includes('text/event-stream') === true;
      if (method === 'GET' && (isStream || !guardsGet)) return undefined;
      try {
        return guard.onRequestParse?.(payload);
      } catch {
        const message = `Expected the header content-type: application/json, or one of ${PROOF_HEADERS.join(', ')}.`;
        throw codedError('FORBIDDEN', message, { http: { status: 403 } });
      }
    },
  };
}
