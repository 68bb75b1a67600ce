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
import { OwnerTurns } from './owner-turns.ts';
import { fewErrors, safeError } from './safe-errors.ts';
import { unauthenticated } from '../builder.ts';
import type { Context } from '../context.ts';
import type { CostLimit } from './cost-limit.ts';
import type { Plugin } from 'graphql-yoga';

/** A page of 100 avatars with all their fields and five generations each costs four fifths of it. */
export const MAX_COST = 25_000;
/** Of a subscription, for each of its events. */
const MAX_EVENT_COST = 2500;

export type ExecutionGuardOptions = {
  readonly hidesSchema: boolean;
  /** Null: owners may spend as much as they like. */
  readonly costLimit: CostLimit | null;
};

/** What the operations of one owner that are executed at the same time may cost together. */
const MAX_COST_AT_ONCE = MAX_COST;

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
      const { ownerId, cost } = admission;
      const execute: (given: typeof args) => unknown = executeFn;
      if (ownerId !== null) setExecuteFn(() => turns.run(ownerId, cost, () => execute(args)));
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
  /** `ownerId` null: only the schema is read, or there is no such operation, which the executor says. */
  | { readonly ownerId: string | null; readonly cost: number };

function admit(args: Args, { costLimit, hidesSchema }: ExecutionGuardOptions): Admission {
  const { document, operationName, schema } = args;
  const operation = getOperationAST(document, operationName);
  if (operation == null) return { ownerId: null, cost: 0 };
  const { viewer } = args.contextValue as Context;
  if (viewer === null) {
    if (isIntrospection(operation)) return { ownerId: null, cost: 0 };
    return { refusal: unauthenticated('Sign in: this needs a valid bearer token.') };
  }
  const variables = args.variableValues ?? {};
  const cost = costOf(document, operation, variables);
  const most = operation.operation === OperationTypeNode.SUBSCRIPTION ? MAX_EVENT_COST : MAX_COST;
  if (cost > most) return { refusal: tooCostly(cost, most) };
  const seconds = costLimit?.take(viewer.ownerId, cost) ?? null;
  if (seconds !== null) return { refusal: limitExceeded(seconds) };
  // GraphQL's own executor goes on to the fiftieth error, and each quotes the value whole.
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: 1,
  });
  const [first] = errors ?? [];
  return first === undefined ? { ownerId: viewer.ownerId, cost } : { refusal: safeError(first, hidesSchema) };
}

/** True when it reads nothing but the schema. */
function isIntrospection({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
  );
}

function tooCostly(cost: number, most: number): GraphQLError {
  const message = `This operation costs ${cost}: at most ${most} is allowed. Ask for shorter pages or fewer fields.`;
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE' } });
}

function limitExceeded(seconds: number): GraphQLError {
  const message = `Your operations of the last minute cost too much; try again in ${seconds} s.`;
  const http = { status: 429, headers: { 'Retry-After': String(seconds) } };
  return new GraphQLError(message, {
    extensions: { code: 'LIMIT_EXCEEDED', retryAfterSeconds: seconds, http },
  });
}
