import { FILE_PATH } from '../files/file-url.ts';
import { GRAPHQL_PATH } from '../graphql-path.ts';
import { isAt, pathOf } from '../request-head.ts';
import { PHOTO_PATH } from '../files/photo-upload.ts';
import { WEBHOOK_PATH } from '../fal-webhook.ts';
import type { CountRequest } from './metrics.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Counts a request when its response has been sent. */
export function countWhenSent(
  request: IncomingMessage,
  response: ServerResponse,
  countRequest: CountRequest,
): void {
  const began = performance.now();
  response.once('finish', () => {
    const path = pathOf(request.url ?? '');
    countRequest({
      route: routeOf(path),
      status: response.statusCode,
      seconds: (performance.now() - began) / 1000,
    });
  });
}

function routeOf(path: string): Parameters<CountRequest>[0]['route'] {
  if (isAt(GRAPHQL_PATH, path)) return 'graphql';
  if (isAt(WEBHOOK_PATH, path)) return 'webhook';
  if (isAt(FILE_PATH, path)) return 'file';
  return isAt(PHOTO_PATH, path) ? 'photo' : 'other';
}
