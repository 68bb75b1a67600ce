import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { costOf } from './operation-cost.ts';
import { fieldPoliciesOf } from './field-policy.ts';
import { OwnerTurns } from './owner-turns.ts';
import { fewErrors, safeError } from './safe-errors.ts';
import { schema } from '../schema.ts';
import { unauthenticated } from '../builder.ts';
import type { Context } from '../context.ts';
import type { CostLimit } from './cost-limit.ts';
import type { Plugin } from 'graphql-yoga';

/** A page of 100 avatars with all their fields and five generations each costs four fifths of it. */
export const MAX_COST = 25_000;
/** Of a subscription, for each of its events. */
const MAX_EVENT_COST = 500;
/** In characters of JSON: what a subscription was asked with is kept for as long as it is open. */
const MAX_SUBSCRIPTION_VARIABLES = 4000;

export type ExecutionGuardOptions = {
  readonly hidesSchema: boolean;
  /** Null: owners may spend as much as they like. */
  readonly costLimit: CostLimit | null;
};

/** What the operations of one owner that are executed at the same time may cost together. */
const MAX_COST_AT_ONCE = 10_000;
/** Operations up to this cost need no turn. */
const SMALL_COST = 200;
const { startingRun } = fieldPoliciesOf(schema);

type Args = {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue?: unknown;
};

/**
 * Refuses operations before anything of them is executed, cheapest check first: who asks, what it costs, whether the
 * owner has that much left, whether the variables fit. Keeps the number of errors in a result small.
 */
export function useExecutionGuard(options: ExecutionGuardOptions): Plugin<Context> {
  const turns = new OwnerTurns(MAX_COST_AT_ONCE);
  return {
    onExecute({ args, executeFn, setExecuteFn, setResultAndStopExecution }) {
      const admission = admit(args, options);
      if ('refusal' in admission) {
        setResultAndStopExecution({ errors: [admission.refusal] });
        return;
      }
      const { ownerId, cost, waitsForFal } = admission;
      const execute: (given: typeof args) => unknown = executeFn;
      // What waits for fal takes no time of this server's.
      if (cost > SMALL_COST && !waitsForFal) {
        setExecuteFn(async () => {
          const turn = await turns.run(ownerId, cost, () => execute(args));
          return turn === 'full' ? { errors: [limitExceeded(1)] } : turn.done;
        });
      }
      return { onExecuteDone: keepFewErrors };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const admission = admit(args, options);
      if ('refusal' in admission) {
        setResultAndStopExecution({ errors: [admission.refusal] });
        return;
      }
      return { onSubscribeResult: () => ({ onNext: keepFewErrors }) };
    },
  };
}

function keepFewErrors({
  result,
  setResult,
}: {
  readonly result: object;
  readonly setResult: (result: ExecutionResult) => void;
}): void {
  const { errors } = result as ExecutionResult;
  if (errors !== undefined) setResult({ ...result, errors: fewErrors(errors) });
}

type Admission =
  | { readonly refusal: GraphQLError }
  | { readonly ownerId: string; readonly cost: number; readonly waitsForFal: boolean };

/** Strangers take turns with each other. */
const NOBODY = '';

function admit(args: Args, { costLimit, hidesSchema }: ExecutionGuardOptions): Admission {
  const { document, operationName, schema: types } = args;
  const operation = getOperationAST(document, operationName);
  // The executor says which operations there are.
  if (operation == null) return { ownerId: NOBODY, cost: 0, waitsForFal: false };
  const { viewer } = args.contextValue as Context;
  if (viewer === null && !isIntrospection(operation)) {
    return { refusal: unauthenticated('Authentication required: send a valid bearer token.') };
  }
  const variables = args.variableValues ?? {};
  const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
  if (isSubscription && !isShort(variables, MAX_SUBSCRIPTION_VARIABLES))
    return { refusal: tooLongVariables() };
  const cost = costOf(document, operation, variables);
  const most = isSubscription ? MAX_EVENT_COST : MAX_COST;
  if (cost > most) return { refusal: tooCostly(cost, most) };
  const ownerId = viewer?.ownerId ?? NOBODY;
  const seconds = costLimit?.take(ownerId, cost) ?? null;
  if (seconds !== null) return { refusal: limitExceeded(seconds) };
  // GraphQL's own executor goes on to the fiftieth error, and each quotes the value whole.
  const { errors } = getVariableValues(types, operation.variableDefinitions ?? [], variables, {
    maxErrors: 1,
  });
  const [first] = errors ?? [];
  if (first !== undefined) return { refusal: safeError(first, hidesSchema) };
  return { ownerId, cost, waitsForFal: startsRun(operation) };
}

function startsRun({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === OperationTypeNode.MUTATION &&
    selectionSet.selections.some(
      (selection) => selection.kind === Kind.FIELD && startingRun.has(selection.name.value),
    )
  );
}

/** Whether a value has at most so many characters as JSON, counted without writing it, whatever its depth. */
function isShort(value: unknown, characters: number): boolean {
  let left = characters;
  const open: unknown[] = [value];
  while (open.length > 0 && left >= 0) {
    const next = open.pop();
    left -= typeof next === 'string' ? next.length + 2 : 5;
    if (typeof next === 'object' && next !== null) {
      for (const [name, inner] of Object.entries(next)) {
        left -= name.length;
        open.push(inner);
        if (left < 0) return false;
      }
    }
  }
  return left >= 0;
}

/** True when it reads nothing but the schema. */
function isIntrospection({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
  );
}

function tooCostly(cost: number, most: number): GraphQLError {
  const message = `The operation costs ${cost}, at most ${most} is allowed: request shorter pages or fewer fields.`;
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE' } });
}

function tooLongVariables(): GraphQLError {
  const message = `The variables of a subscription may have at most ${MAX_SUBSCRIPTION_VARIABLES} characters.`;
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE' } });
}

function limitExceeded(seconds: number): GraphQLError {
  const message = `Cost limit exceeded: retry in ${seconds} s.`;
  const http = { status: 429, headers: { 'Retry-After': String(seconds) } };
  return new GraphQLError(message, {
    extensions: { code: 'LIMIT_EXCEEDED', retryAfterSeconds: seconds, http },
  });
}
