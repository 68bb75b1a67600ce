import './scalars.ts';
import './refusals.ts';
import './trainer.ts';
import './generation.ts';
import './avatar.ts';
import './mutations.ts';
import { builder } from './builder.ts';
import { checkPages } from './policy/pagination.ts';

/** Each import above adds its types to the builder. */
export const schema = checkPages(builder.toSchema());
