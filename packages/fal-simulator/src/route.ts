import { isOwnHost } from './addresses.ts';
import { refuseControl } from './control-access.ts';
import { controlRoute } from './control-routes.ts';
import type { Exchange } from './exchange.ts';
import type { FileStore } from './file-store.ts';
import { keySetRoute } from './key-set-route.ts';
import type { Route } from './listener.ts';
import { queueRoute, type QueueParts } from './queue-routes.ts';
import { detail, json, type Reply } from './replies.ts';
import { samplePhotos } from './sample-photos.ts';
import { shortened } from './shortened.ts';
import type { SigningKeys } from './signing-keys.ts';
import { createStorageRoutes } from './storage-routes.ts';
import type { WebhookSender } from './webhook-sender.ts';

export type RouteParts = Omit<QueueParts, 'unauthorized'> & {
  files: FileStore;
  keys: SigningKeys;
  sender: WebhookSender;
  rotateKeys: () => void;
  maxFileBytes: number;
  /** Null accepts any key that is not empty. */
  apiKeys: readonly string[] | null;
  /** Allows the routes under /__simulator and scenarios in the input. */
  controls: boolean;
};

/** Serves on one host what fal serves on several; their paths do not overlap. */
export function createRoute(parts: RouteParts): Route {
  const unauthorized = (exchange: Exchange) => checkKey(exchange, parts.apiKeys);
  const storage = createStorageRoutes({ ...parts, unauthorized });
  const control = { ...parts, deliveries: parts.sender.deliveries };

  return async (exchange) => {
    const { segments, method } = exchange;
    const path = segments.join('/');
    if (!isOwnHost(exchange.headers['host'], parts.base())) return detail(403, 'Not under this name');
    switch (segments[0]) {
      case undefined:
        return json(200, {
          name: 'fal simulator',
          ...(parts.controls && { scenarios: `${parts.base()}/__simulator/scenarios` }),
        });
      case '.well-known':
        return path === '.well-known/jwks.json'
          ? keySetRoute(parts.keys, parts.overrides)
          : detail(404, 'Not found');
      case 'storage': {
        const known = path === 'storage/upload/initiate' || path === 'storage/upload/initiate-multipart';
        if (!known) return detail(404, 'Not found');
        return method === 'POST' ? storage.initiate(exchange) : detail(405, 'Method Not Allowed');
      }
      case 'uploads':
        return storage.receive(exchange);
      case 'files':
        return storage.serve(exchange);
      case 'samples':
        return path === 'samples/photos.zip' ? samples() : detail(404, 'Not found');
      case '__simulator':
        if (!parts.controls) return detail(404, `Path /${shortened(path)} not found`);
        return refuseControl(exchange, parts.base()) ?? controlRoute(exchange, control);
      default:
        return queueRoute(exchange, { ...parts, unauthorized });
    }
  };
}

async function samples(): Promise<Reply> {
  const headers = { 'content-type': 'application/zip', 'access-control-allow-origin': '*' };
  return { kind: 'bytes', status: 200, headers, body: await samplePhotos() };
}

function checkKey({ headers }: Exchange, apiKeys: readonly string[] | null): Reply | null {
  const key = /^Key (\S+)$/.exec(headers['authorization'] ?? '')?.[1];
  if (key === undefined) return detail(401, 'Authentication is required to access this application');
  if (apiKeys && !apiKeys.includes(key)) return detail(401, 'No user found for the provided key');
  return null;
}
