import { CONTRADICTED, UNREPORTED } from './actions.ts';
import type { RecordedRequest, Simulator, SimulatorOptions } from '@likeness/fal-simulator';
import type { History } from './history.ts';
import type { Submit } from './final-state.ts';

export const FAL_ACCOUNT = 'account-of-the-soak';

/** For more than a minute, so that a webhook outlives every restart. */
const WEBHOOK_RETRY_MS = [100, 200, 400, 800, 1500, 3000, ...Array.from({ length: 20 }, () => 4000)];

/** Records what reaches the simulator and what it decides. */
export class RecordedFal {
  /** Errors inside the simulator. */
  readonly bugs: string[] = [];
  readonly options: SimulatorOptions;
  readonly #submits: RecordedRequest[] = [];
  readonly #ends = new Map<string, number>();
  #simulator: Simulator | null = null;

  constructor(history: History) {
    this.options = {
      accountId: FAL_ACCOUNT,
      timing: { webhookRetryMs: WEBHOOK_RETRY_MS },
      log: (event) => {
        if (event.type === 'submitted' || event.type === 'refused') this.#keepSubmits();
        if (event.type === 'bug') this.bugs.push(event.message);
        if (event.type === 'state' && event.status !== undefined)
          this.#ends.set(event.requestId, event.status);
        if (event.type === 'webhook') {
          const { requestId, label, status } = event;
          history.add({ kind: 'webhook', requestId, label, status });
        }
      },
    };
  }

  /** To be called before the first submit. */
  attach(simulator: Simulator): void {
    this.#simulator = simulator;
  }

  submits(): Submit[] {
    return this.#submits.map((request) => submitOf(request, this.#ends.get(request.requestId ?? '')));
  }

  /** True when no run is open and no webhook is being delivered. */
  isIdle(): boolean {
    const last = new Map<string, string>();
    for (const { requestId, label, result } of this.#simulator?.deliveries() ?? [])
      last.set(`${requestId} ${label}`, result);
    return (
      this.#submits.every(({ requestId }) => requestId === null || this.#ends.has(requestId)) &&
      [...last.values()].every((result) => result === 'accepted' || result === 'given up')
    );
  }

  /** The simulator forgets old submits. */
  #keepSubmits(): void {
    const requests = this.#simulator?.requests() ?? [];
    const last = this.#submits.at(-1);
    this.#submits.push(...requests.slice(last === undefined ? 0 : requests.lastIndexOf(last) + 1));
  }
}

/** @param status of the run's outcome; undefined while it is open */
function submitOf({ requestId, body, webhookUrl, scenarios }: RecordedRequest, status?: number): Submit {
  const images = (body as { num_images?: number } | null)?.num_images;
  return {
    requestId,
    token: webhookUrl === null ? null : (/[0-9a-f]{32}$/.exec(webhookUrl)?.[0] ?? null),
    key: /\bkey=([\w-]+)/.exec(JSON.stringify(body))?.[1] ?? null,
    units: images ?? 1,
    end: endOf(status, scenarios.includes('no-artifact')),
    isContradicted: scenarios.some((name) => CONTRADICTED.has(name)),
    isReported: !scenarios.some((name) => UNREPORTED.has(name)),
  };
}

function endOf(status: number | undefined, isEmpty: boolean): Submit['end'] {
  if (status === undefined) return null;
  if (status === 200) return isEmpty ? 'failed' : 'succeeded';
  return status === 499 ? 'cancelled' : 'failed';
}
