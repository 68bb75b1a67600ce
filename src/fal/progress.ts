/**
 * A run's progress in percent, from the newest of its log lines that has one; null without one. Trainers log a bar
 * (` 45%|████▌     | 450/1000`), a count (`step 450/1000`) or a share (`progress: 45.2%`).
 */
export function percentFromLogs(messages: readonly string[]): number | null {
  for (const message of messages.toReversed()) {
    // A bar rewrites its line after carriage returns; the last rewrite counts.
    for (const line of message.split(/[\r\n]+/).toReversed()) {
      const percent = percentOf(line);
      if (percent !== null) return percent;
    }
  }
  return null;
}

function percentOf(line: string): number | null {
  const count =
    /(?:\bsteps?\b|\biter(?:ation)?s?\b|\btraining\b|\bprogress\b|%\|[^|]*\|)\D{0,3}(\d{1,9})\s*(?:\/|of)\s*(\d{1,9})/i.exec(
      line,
    );
  if (count !== null) {
    const [done, total] = [Number(count[1]), Number(count[2])];
    if (total > 0 && done <= total) return Math.floor((100 * done) / total);
  }
  // Logs have other percentages too; one counts at the start of its line or after a word for progress.
  const share =
    /^\s*(\d{1,3})(?:\.\d+)?\s?%|\b(?:training|train|progress|steps?)\b\W{0,3}(\d{1,3})(?:\.\d+)?\s?%/i.exec(
      line,
    );
  const percent = share === null ? NaN : Number(share[1] ?? share[2]);
  return percent <= 100 ? percent : null;
}
