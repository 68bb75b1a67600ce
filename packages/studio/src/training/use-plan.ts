import { useEffect, useState } from 'react';
import type { Plan } from '@likeness/client';
import { useStudio } from '../live/studio.ts';

/** What a call would send and cost; null while that is unknown. Asked again when `key` changes; a null key asks nothing. */
export function usePlan(key: string | null, ask: () => Promise<Plan>): Plan | null {
  const { library } = useStudio();
  const [plan, setPlan] = useState<{ readonly key: string; readonly plan: Plan } | null>(null);
  useEffect(() => {
    if (key === null) return;
    let isCurrent = true;
    // A failed estimate is no error for the user: the call itself reports the reason.
    library.call(ask).then(
      (next) => isCurrent && setPlan({ key, plan: next }),
      () => isCurrent && setPlan(null),
    );
    return () => {
      isCurrent = false;
    };
    // `ask` belongs to `key`.
  }, [library, key]);
  return plan?.key === key ? plan.plan : null;
}
