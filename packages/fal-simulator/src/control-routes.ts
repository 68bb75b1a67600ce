import * as z from 'zod';
import type { Exchange } from './exchange.ts';
import type { Overrides } from './overrides.ts';
import { withoutSecrets, withoutToken } from './record.ts';
import { detail, json, type Reply } from './replies.ts';
import type { RequestLog } from './request-log.ts';
import { isScenario, SCENARIOS } from './scenarios.ts';
import type { Delivery } from './webhook-sender.ts';

export type ControlParts = {
  overrides: Overrides;
  requests: RequestLog;
  deliveries: () => readonly Delivery[];
  rotateKeys: () => void;
};

const scenario = z
  .string()
  .refine(isScenario, { error: (issue) => `Unknown scenario ${String(issue.input)}` });
const several = z.array(scenario).max(Object.keys(SCENARIOS).length);
const program = z.strictObject({
  endpoint: z.string().max(200).optional(),
  scenario: z.union([scenario, several]).optional(),
  scenarios: several.optional(),
  times: z.int().min(1).optional(),
});

/** Controls of the simulator for other processes. */
export async function controlRoute(exchange: Exchange, parts: ControlParts): Promise<Reply> {
  switch (`${exchange.method} ${exchange.segments.slice(1).join('/')}`) {
    case 'GET requests':
      return json(200, parts.requests.all().map(withoutSecrets));
    case 'GET deliveries':
      return json(
        200,
        parts.deliveries().map((delivery) => ({ ...delivery, url: withoutToken(delivery.url) })),
      );
    case 'GET scenarios':
      return json(200, SCENARIOS);
    case 'POST program':
      return setProgram((await exchange.read(100_000)).toString('utf8'), parts.overrides);
    case 'DELETE program':
      parts.overrides.clear();
      return json(200, {});
    case 'POST rotate-keys':
      parts.rotateKeys();
      return json(200, {});
    default:
      return detail(404, 'Not found');
  }
}

function setProgram(text: string, overrides: Overrides): Reply {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return detail(400, 'Request body is not valid JSON');
  }
  const parsed = program.safeParse(body);
  if (!parsed.success)
    return json(422, { detail: parsed.error.issues.map(({ path, message }) => ({ path, message })) });
  const { endpoint, scenario: one, scenarios, times } = parsed.data;
  const all = [...(typeof one === 'string' ? [one] : (one ?? [])), ...(scenarios ?? [])];
  if (all.length === 0) return detail(422, 'Expected scenario or scenarios');
  overrides.add({
    scenarios: all,
    ...(endpoint !== undefined && { endpoint }),
    ...(times !== undefined && { times }),
  });
  return json(200, { programmed: all });
}
