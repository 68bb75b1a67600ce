import { GENERATORS, type Generator } from './generators.ts';
import { TRAINERS, type Trainer } from './trainers.ts';

export type Endpoint = Trainer | Generator;

/** Every app the simulator serves. A new one is one row in one of the two tables. */
export const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map(
  [...TRAINERS, ...GENERATORS].map((endpoint) => [endpoint.endpoint, endpoint]),
);
