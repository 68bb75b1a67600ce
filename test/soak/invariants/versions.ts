import { callsIn, callsOf, observationsIn, type Recorded, type Observation } from '../calls.ts';
import type { Entry } from '../history.ts';

type Stream = {
  readonly opened: Extract<Entry, { kind: 'opened' }>;
  readonly seen: Map<string, number>;
};

/**
 * Versions only grow: within a stream, from one stream of a subscriber to its next, and from what anybody had seen to
 * what is read afterwards. A version names one state.
 */
export function versionsOnlyGrow({ history }: Recorded): string[] {
  const problems: string[] = [];
  const streams = new Map<number, Stream>();
  const before = new Map<string, Map<string, number>>();
  for (const entry of history) {
    if (entry.kind === 'opened') {
      streams.set(entry.stream, { opened: entry, seen: new Map() });
      if (!before.has(entry.subscriber)) before.set(entry.subscriber, new Map());
    }
    if (entry.kind !== 'frame') continue;
    const { id, version } = entry.row;
    const stream = streams.get(entry.stream);
    if (stream === undefined) {
      problems.push(`a frame of ${id} came on a stream that nobody opened`);
      continue;
    }
    const { subscriber, about, afterVersion } = stream.opened;
    const inStream = stream.seen.get(id);
    const earlier = before.get(subscriber)?.get(id) ?? 0;
    if (inStream !== undefined && version <= inStream)
      problems.push(`${subscriber} got version ${version} of ${id} after ${inStream} on the same stream`);
    if (inStream === undefined && version < earlier)
      problems.push(`${subscriber} had seen version ${earlier} of ${id}, came again and got ${version}`);
    if (about !== null && afterVersion !== null && version <= afterVersion)
      problems.push(`${subscriber} asked for ${id} after version ${afterVersion} and got ${version}`);
    stream.seen.set(id, version);
    before.get(subscriber)?.set(id, Math.max(version, earlier));
  }
  return [...problems, ...oneStateEach(history), ...neverReadOlder(history)];
}

function oneStateEach(history: readonly Entry[]): string[] {
  return [...observationsIn(history)].flatMap(([id, observations]) => {
    const digests = new Map<number, string>();
    return observations.flatMap(({ row: { version, digest } }) => {
      const first = digests.get(version);
      digests.set(version, first ?? digest);
      return first === undefined || first === digest ? [] : [`${id} had two states at version ${version}`];
    });
  });
}

function neverReadOlder(history: readonly Entry[]): string[] {
  const observations = observationsIn(history);
  const highest = new Map<string, Observation[]>();
  for (const [id, list] of observations) {
    let top = 0;
    highest.set(
      id,
      list.filter(({ row }) => row.version > top && (top = row.version) > 0),
    );
  }
  return callsOf(callsIn(history), 'read').flatMap(({ end, began }) => {
    const row = end?.kind === 'ok' ? end.row : null;
    if (row == null) return [];
    const known = (highest.get(row.id) ?? []).findLast(({ at }) => at < began);
    return known === undefined || row.version >= known.row.version
      ? []
      : [`${row.id} was read at version ${row.version} when ${known.row.version} had been seen`];
  });
}
