import {
  getOperationAST,
  getVariableValues,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { codedError, REQUEST_ERROR, tooLarge, unauthenticated } from '../errors.ts';
import { OwnerTurns } from './owner-turns.ts';
import { fewErrors, safeError } from './safe-errors.ts';
import { sizeOf } from './operation-size.ts';
import type { Context } from '../context.ts';
import type { CostLimit } from './cost-limit.ts';
import type { Plugin } from 'graphql-yoga';

/** docs/settings.md has these and all other figures of costs. */
export const COST_LIMITS = {
  /** Of one operation. A page of 100 avatars with all their fields and five generations each costs nine tenths of it. */
  operation: 40_000,
  /** Of each event of a subscription, unless its field declares more. */
  event: 800,
  /** Of one owner's operations that execute at the same time, together. */
  atOnce: 10_000,
  /** Operations up to this cost need no turn. */
  small: 200,
  /**
   * Up to this cost an operation that starts a run needs none either: waiting for fal costs this server nothing, so it
   * must not delay the owner's other operations. A batch of ten costs half of it with the usual fields.
   */
  run: 5000,
} as const;
/** In characters of JSON. A subscription keeps its variables in memory while it is open. */
export const MAX_SUBSCRIPTION_VARIABLES = 4000;
/** Anonymous callers share their turns. */
const NOBODY = '';

type Args = {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue?: unknown;
};

type ExecutionGuardOptions = {
  readonly hidesSchema: boolean;
  /** Null: no limit per owner. */
  readonly costLimit: CostLimit | null;
};

/**
 * Refuses operations before they execute, cheapest check first: token, cost, remaining budget of the owner, variables.
 * One guard for all transports: an owner has one budget and one set of turns.
 */
export class ExecutionGuard {
  readonly #options: ExecutionGuardOptions;
  readonly #turns = new OwnerTurns(COST_LIMITS.atOnce);

  constructor(options: ExecutionGuardOptions) {
    this.#options = options;
  }

  /** Takes the cost from the owner's budget, or gives the reason not to execute. */
  admit(args: Args): Admission {
    return admit(args, this.#options);
  }

  /** Executes an admitted operation, in a turn of its owner unless it needs none. */
  async execute<T>(
    { ownerId, cost, startsRun }: Admitted,
    execute: () => T | Promise<T>,
  ): Promise<T | { readonly errors: readonly GraphQLError[] }> {
    if (cost <= (startsRun ? COST_LIMITS.run : COST_LIMITS.small)) return execute();
    const turn = await this.#turns.run(ownerId, cost, execute);
    return turn === 'full'
      ? { errors: [limitExceeded('Too many of your operations wait already', 1)] }
      : turn.done;
  }
}

/** Applies the guard, and limits the number of errors in a result. */
export function useExecutionGuard(guard: ExecutionGuard): Plugin<Context> {
  return {
    onExecute({ args, executeFn, setExecuteFn, setResultAndStopExecution }) {
      const admission = guard.admit(args);
      if ('refusal' in admission) {
        setResultAndStopExecution({ errors: [admission.refusal] });
        return;
      }
      const execute: (given: typeof args) => unknown = executeFn;
      setExecuteFn(() => guard.execute(admission, () => execute(args)));
      return { onExecuteDone: keepFewErrors };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const admission = guard.admit(args);
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

type Admitted = { readonly ownerId: string; readonly cost: number; readonly startsRun: boolean };

type Admission = { readonly refusal: GraphQLError } | Admitted;

function admit(
  { schema, document, operationName, ...args }: Args,
  { costLimit, hidesSchema }: ExecutionGuardOptions,
): Admission {
  const operation = getOperationAST(document, operationName);
  // The executor reports an unknown operation name.
  if (operation == null) return { ownerId: NOBODY, cost: 0, startsRun: false };
  const { viewer, subscribesOnly = false } = args.contextValue as Context;
  if (viewer === null && !isIntrospection(operation)) {
    return { refusal: unauthenticated() };
  }
  const variables = args.variableValues ?? {};
  const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
  if (subscribesOnly && !isSubscription) return { refusal: onlySubscriptions() };
  if (isSubscription && !isShort(variables)) {
    const message = `The variables of a subscription may have at most ${MAX_SUBSCRIPTION_VARIABLES} characters.`;
    return { refusal: tooLarge(message) };
  }
  const { cost, runs, maxEventCost } = sizeOf(document, operation, variables);
  const most = isSubscription ? Math.max(COST_LIMITS.event, maxEventCost) : COST_LIMITS.operation;
  if (cost > most) {
    const message = `The operation costs ${cost}, at most ${most} is allowed: request shorter pages or fewer fields.`;
    return { refusal: tooLarge(message) };
  }
  const ownerId = viewer?.ownerId ?? NOBODY;
  const seconds = costLimit?.take(ownerId, cost) ?? null;
  if (seconds !== null) return { refusal: limitExceeded('Cost limit exceeded', seconds) };
  // The executor would collect 50 errors, each of which quotes the whole value: up to 60 ms for one request.
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: 1,
  });
  const [error] = errors ?? [];
  return error === undefined
    ? { ownerId, cost, startsRun: runs > 0 }
    : { refusal: badVariables(safeError(error, hidesSchema, schema)) };
}

function badVariables({ message, nodes }: GraphQLError): GraphQLError {
  return codedError('INVALID_INPUT', message, { http: REQUEST_ERROR }, { nodes: nodes ?? null });
}

function isShort(variables: object): boolean {
  try {
    return JSON.stringify(variables).length <= MAX_SUBSCRIPTION_VARIABLES;
  } catch (error) {
    // Nested too deeply for the stack.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** True if an operation reads nothing but the schema. */
function isIntrospection({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
  );
}

function limitExceeded(problem: string, seconds: number): GraphQLError {
  return codedError('LIMIT_EXCEEDED', `${problem}: retry in ${seconds} s.`, {
    retryAfterSeconds: seconds,
    http: { status: 429, headers: { 'Retry-After': String(seconds) } },
  });
}

function onlySubscriptions(): GraphQLError {
  const message = 'A stream ticket is for subscriptions only: send a bearer token.';
  return codedError('FORBIDDEN', message, { http: { status: 403 } });
}
