import { detail, json, page, type Reply } from './replies.ts';
import type { ScenarioName } from './scenarios.ts';
import { shortened } from './shortened.ts';

const BALANCE = 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.';
const INVALID = { detail: [{ loc: ['body'], msg: 'The request was refused', type: 'value_error' }] };

const DEPRECATED = {
  detail: {
    error: 'EndpointDeprecated',
    message: 'This endpoint is no longer supported. Please use the updated endpoint.',
  },
};

const REFUSALS: Partial<Record<ScenarioName, Reply>> = {
  'submit-401': detail(401, 'Cannot access application. Authentication is required.'),
  'submit-403': detail(403, 'You do not have access to this application'),
  'submit-403-balance': detail(403, BALANCE),
  'submit-410-deprecated': json(410, DEPRECATED),
  'submit-422': json(422, INVALID),
  'submit-429': detail(429, 'Too many requests', { 'retry-after': '2' }),
  'submit-500': json(500, { detail: 'Internal server error', error_type: 'internal_error' }),
  'submit-502': page(502, 'Bad gateway'),
  'submit-503': json(503, { detail: 'Service unavailable', error_type: 'runner_scheduling_failure' }),
};

export function unknownApplication(endpoint: string): Reply {
  return detail(404, `Application '${shortened(endpoint)}' not found`);
}

/** The answer of the first scenario that refuses the submit. */
export function refusalOf(scenarios: readonly ScenarioName[], endpoint: string): Reply | null {
  for (const scenario of scenarios) {
    if (scenario === 'submit-404-gone') return unknownApplication(endpoint);
    const refusal = REFUSALS[scenario];
    if (refusal) return refusal;
  }
  return null;
}
