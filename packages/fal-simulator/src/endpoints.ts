import { GENERATORS, type Generator } from './generators.ts';
import { TRAINERS, type Trainer } from './trainers.ts';

export type Endpoint = Trainer | Generator;

/** Every endpoint that the simulator serves. */
export const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map(
  [...TRAINERS, ...GENERATORS].map((endpoint) => [endpoint.endpoint, endpoint]),
);
