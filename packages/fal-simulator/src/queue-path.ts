import { appOf } from './run.ts';

/** A parsed path of the queue. */
export type QueuePath =
  | { kind: 'submit'; endpoint: string }
  | { kind: 'run'; app: string; full: boolean; id: string; what: 'result' | 'status' | 'stream' | 'cancel' }
  | { kind: 'unknown' };

const WHAT = {
  '': 'result',
  response: 'result',
  status: 'status',
  'status/stream': 'stream',
  cancel: 'cancel',
} as const;

/** `full`: the path has the whole endpoint id, not only owner and app as fal's own URLs. */
export function parseQueuePath(segments: readonly string[]): QueuePath {
  const at = segments.indexOf('requests', 2);
  if (at === -1)
    return segments.length < 2 ? { kind: 'unknown' } : { kind: 'submit', endpoint: segments.join('/') };
  const id = segments[at + 1];
  const rest = segments.slice(at + 2).join('/');
  if (id === undefined || !Object.hasOwn(WHAT, rest)) return { kind: 'unknown' };
  const endpoint = segments.slice(0, at).join('/');
  const app = appOf(endpoint);
  return { kind: 'run', app, full: endpoint !== app, id, what: WHAT[rest as keyof typeof WHAT] };
}
