/** Scenarios and their effects, as GET /__simulator/scenarios returns them. */
export const SCENARIOS = {
  fail: 'the run fails: result 422 with a detail list',
  'fail-plain': 'the run fails: result 422 whose detail is a plain string',
  'fail-5xx': 'the run fails: result 500 with error_type internal_error',
  slow: 'queue and work take `slowFactor` times as long',
  stuck: 'IN_PROGRESS forever',
  'stuck-in-queue': 'IN_QUEUE forever',
  requeue: 'IN_PROGRESS goes back to IN_QUEUE once; gateway_request_id changes',
  'no-artifact': 'succeeds without the promised artifact',
  'odd-url': 'succeeds; the artifact has a URL that nobody should fetch (http://169.254.169.254/…)',
  filtered: 'images are black and has_nsfw_concepts is true',
  'cancel-ignored': 'the cancel returns 202, the run continues to its end',
  'result-gone': 'status COMPLETED, but the result returns 404',
  'status-503': 'the first two status reads return 503',
  'status-500': 'every status read returns 500',
  silent: 'no webhook is sent',
  late: 'the webhook is sent only `lateMs` after completion',
  twice: 'the same webhook twice',
  conflicting: 'webhook OK, then webhook ERROR',
  'conflicting-error-first': 'webhook ERROR, then webhook OK (the queue says success)',
  early: 'the webhook is delivered before the response to the submit',
  'null-payload': 'webhook OK with payload null and payload_error; the result can be fetched',
  'error-null': 'the run fails; webhook ERROR with payload null',
  'junk-body': 'signed webhook whose body is not JSON',
  forged: 'a wrongly signed webhook claiming failure, then the genuine one',
  'forged-only': 'only the wrongly signed webhook',
  stale: 'the webhook carries a timestamp ten minutes old',
  'same-signature': 'webhook retries repeat the first signature and timestamp',
  'other-account': 'the webhook is signed by fal for another user id',
  legacy: 'webhook in the old form: request_id, status completed or failed, result or error',
  'lost-answer': 'the submit is accepted, then the connection drops without a response',
  'cut-answer': 'the submit is accepted, the response breaks off in the middle',
  hang: 'the submit is accepted, without a response',
  html: 'the submit is accepted; the response is 200 with an HTML page',
  'no-request-id': 'the submit is accepted; the response is 200 without request_id',
  'bad-request-id': 'the response has a request_id that is a path (../../..)',
  'submit-401': 'submit refused: 401',
  'submit-403': 'submit refused: 403, this endpoint is not open to the account',
  'submit-403-balance': 'submit refused: 403, balance exhausted',
  'submit-404-gone': 'submit refused: 404, the application no longer exists',
  'submit-410-deprecated': 'submit refused: 410, EndpointDeprecated',
  'submit-422': 'submit refused: 422',
  'submit-429': 'submit refused: 429 with Retry-After',
  'submit-500': 'submit refused: 500',
  'submit-502': 'submit refused: 502 with an HTML page',
  'submit-503': 'submit refused: 503',
  'submit-504': 'the submit returns 504, but the run was accepted',
  'jwks-down': 'the key set returns 503',
  'jwks-empty': 'the key set has no keys',
  'jwks-junk': 'the key set returns 200 with an HTML page',
  'jwks-low-order': 'the key set has only a low-order key',
  'jwks-huge': 'the key set is 5 MB',
  'jwks-hang': 'the key set never responds',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

export function isScenario(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}

/**
 * Scenarios in the input: `?scenario=a,b` in any top-level URL, `[[a]]` or `[[a,b]]` in the prompt. Unknown names are
 * ignored, because a prompt may contain brackets.
 */
export function scenariosIn(input: Readonly<Record<string, unknown>>): ScenarioName[] {
  const names: string[] = [];
  for (const [field, value] of Object.entries(input)) {
    if (typeof value !== 'string') continue;
    if (field === 'prompt') {
      for (const [, list] of value.matchAll(/\[\[([a-z0-9, -]{1,200})\]\]/g))
        names.push(...(list ?? '').split(','));
    } else if (/^https?:\/\//.test(value) && URL.canParse(value)) {
      for (const list of new URL(value).searchParams.getAll('scenario')) names.push(...list.split(','));
    }
  }
  return names.map((name) => name.trim()).filter(isScenario);
}
