import type { AdmissionContext } from './admission.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The parts of a request that were read before Yoga handles it. */
export type ReadRequest = Pick<AdmissionContext, 'identity' | 'body' | 'result'>;

/** Responds to a request, or gives what it has read of it to the other routes. */
export type Route = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<'responded' | ReadRequest>;
