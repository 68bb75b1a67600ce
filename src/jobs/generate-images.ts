import * as z from 'zod';
import { randomUUID } from 'node:crypto';
import { CALL_OPTIONS, GENERATION_OPTIONS } from './generation-options.ts';
import {
  findReadyAvatar,
  planGeneration,
  type GenerateImageDeps,
  type ReadyAvatar,
} from './generate-image.ts';
import { submitGeneration } from './submit-generation.ts';
import { MAX_PROMPT_LENGTH, parseInput, text, type Optional } from './parse-input.ts';
import type { CreationCode } from './submit.ts';
import { refuse, type ProviderCode, type Refusal, type Result } from '../domain/refusal.ts';

/** Of one call. */
export const MAX_ITEMS = 10;

const itemSchema = z.object({ prompt: text(MAX_PROMPT_LENGTH), ...GENERATION_OPTIONS });

export type GenerateImagesItem = Optional<z.input<typeof itemSchema>>;

const { waitSeconds, idempotencyKey } = CALL_OPTIONS;
const inputSchema = z.object({
  avatarId: z.string(),
  items: z.array(z.custom<GenerateImagesItem>()).refine(({ length }) => length >= 1 && length <= MAX_ITEMS, {
    error: `a list of 1 to ${MAX_ITEMS} items`,
  }),
  waitSeconds,
  idempotencyKey,
});

type GenerateImagesInput = Optional<z.input<typeof inputSchema>>;

type Call = {
  readonly deps: GenerateImageDeps;
  readonly ownerId: string;
  readonly avatar: ReadyAvatar;
  readonly idempotencyKey?: string | undefined;
  readonly waitSeconds: number;
};

/**
 * Generates images for each item, in a generation of its own. A refused item does not stop the others. The results are in
 * the order of the items.
 */
export async function generateImages(
  deps: GenerateImageDeps,
  ownerId: string,
  input: GenerateImagesInput,
): Promise<Result<{ readonly results: readonly ItemResult[] }, 'INVALID_INPUT' | 'NOT_FOUND' | 'NOT_READY'>> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, items, ...options } = parsed.done;
  const ready = await findReadyAvatar(deps, ownerId, avatarId);
  if ('refused' in ready) return ready;
  const call = { deps, ownerId, avatar: ready.done, ...options };
  // Each begins without a pause, so they reach the limits in this order.
  const outcomes = await Promise.allSettled(items.map((item, index) => generateItem(call, item, index)));
  // Each fault is logged, also those of a call that fails with the first of them.
  const results = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : unexpected(deps.log, outcome.reason),
  );
  const [first] = outcomes;
  // Nothing but faults to report: the whole call failed.
  if (first?.status === 'rejected' && outcomes.every(({ status }) => status === 'rejected'))
    throw first.reason;
  return { done: { results } };
}

/** Other items may have started runs, so the fault of one is its own result. */
function unexpected(log: GenerateImageDeps['log'], error: unknown): { refused: Refusal<'INTERNAL_ERROR'> } {
  const correlationId = randomUUID();
  log.error({ err: error, correlationId }, 'item of generateImages failed');
  return refuse(
    'INTERNAL_ERROR',
    `Unexpected error. The run may have started. The server’s log has the cause under the correlation ID ${correlationId}.`,
  );
}

type ItemResult = Awaited<ReturnType<typeof generateItem>> | ReturnType<typeof unexpected>;

/** For the list of its codes. */
export type ItemOutcome = () => Promise<ItemResult>;

async function generateItem(
  { deps, ownerId, avatar, waitSeconds: waits, idempotencyKey: key }: Call,
  item: GenerateImagesItem,
  index: number,
): Promise<Result<{ readonly generationId: string }, CreationCode | ProviderCode | 'INVALID_INPUT'>> {
  const place = `items.${index}`;
  const parsed = parseInput(itemSchema, item, place);
  if ('refused' in parsed) return parsed;
  // A caller's own key is trimmed, so it never begins with a space.
  const ownKey = key === undefined ? undefined : ` ${index} ${key}`;
  const planned = planGeneration(ownerId, avatar, { ...parsed.done, idempotencyKey: ownKey }, place);
  if ('refused' in planned) return planned;
  return submitGeneration(deps, planned.done, waits);
}
