import { fewErrors } from '../graphql/policy/safe-errors.ts';
import { Selections } from '../graphql/selections.ts';
import type { ExecutionResult, FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import type { MaskError } from './yoga.ts';
import type { Push } from '../graphql/context.ts';

/** The events of one server's subscriptions as `next` messages: the JSON of an event is made once, the ID added for each. */
export function createPush(
  maskError: MaskError,
): (variables: Push['variables'], id: string, send: Push['take']) => Push {
  const selections = new Selections();
  const encode = ({ data, errors }: ExecutionResult) => {
    const visible = errors && fewErrors(errors).map(maskError);
    const payload = JSON.stringify(withoutStatuses({ data, errors: visible }));
    return Buffer.from(`{"type":"next","payload":${payload}`);
  };
  return (variables, id, send) => {
    const end = Buffer.from(`,"id":${JSON.stringify(id)}}`);
    return {
      selections,
      variables,
      encode,
      take: (event, whenRoom) => send(Buffer.concat([event, end]), whenRoom),
    };
  };
}

type Result = {
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly data?: ExecutionResult['data'] | undefined;
};

export function withoutStatuses({ errors, data }: Result): FormattedExecutionResult {
  return {
    ...(errors === undefined ? {} : { errors: errors.map(withoutStatus) }),
    ...(data === undefined ? {} : { data }),
  };
}

/** Removes the HTTP status, which has no meaning on a socket. */
export function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { extensions = {}, ...rest } = error.toJSON();
  const { http: _status, ...kept } = extensions;
  return Object.keys(kept).length === 0 ? rest : { ...rest, extensions: kept };
}
