import './scalars.ts';
import './refusals.ts';
import './trainer.ts';
import './generation.ts';
import './avatar.ts';
import './mutations.ts';
import { builder } from './builder.ts';
import { checkPages } from './policy/pagination.ts';

/** The whole API. Each type's file adds its part to the builder when it is imported. */
export const schema = checkPages(builder.toSchema());
