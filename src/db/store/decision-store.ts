import type pg from 'pg';
import { REPLACE_CHANGE } from './record-changes.ts';
import { avatarColumns, generationColumns, jobColumns } from './decision-columns.ts';
import { batched } from '../batched.ts';
import { columnName } from '../column-name.ts';
import { FINAL_STATES } from '../../domain/job-state.ts';
import { loadedJob, type DecisionRow } from './job-rows.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import type { Decision } from '../../domain/decide.ts';
import type { LoadedJob, RunEventStore, Saved } from '../../jobs/apply-run-event.ts';
import type { Notification } from '../../jobs/publish-outbox.ts';
import type { WebhookStore } from '../../jobs/handle-webhook.ts';

type Pool = Pick<pg.Pool, 'query'>;
type Change = Extract<Decision, { kind: 'change' }>;
type Options = Parameters<RunEventStore['save']>[2];
type JobKey = { readonly id?: string; readonly requestId?: string; readonly token?: string | null };

/**
 * Of 32 webhooks at once some 15 share a statement that runs alone, instead of 8, and PostgreSQL uses a quarter less CPU
 * for each. A second one starts when the first hangs.
 */
const BATCH = { maxBatchSize: 64, aloneMs: 50 };
/** In characters. A larger decision is saved alone, so that no batch has more than 4 MB. */
const MAX_BATCHED_TEXT = 65_536;
const UNIQUE_VIOLATION = '23505';

/**
 * Loads jobs for decisions, and saves the decisions, in prepared statements that concurrent calls share. Of 32 webhooks at
 * once each takes 0.4 ms of this process's CPU, verification included; with Prisma's transactions it took 3.4 ms.
 */
export function decisionStore(pool: Pool): RunEventStore & Pick<WebhookStore, 'findForWebhook'> {
  const rowsOf = batched((keys: readonly JobKey[]) => loadRows(pool, keys), BATCH);
  const saveTogether = batched((writes: readonly Write[]) => saveUnlocked(pool, writes), BATCH);
  return {
    async load(id) {
      const [row] = await rowsOf({ id });
      return row === undefined ? null : loadedJob(row);
    },

    async findForWebhook(requestId, token) {
      const rows = await rowsOf({ requestId, token });
      return rows.map((row) => ({ ...loadedJob(row), token: row.token }));
    },

    /**
     * Saves all of a decision, provided that nothing was written since its snapshot was read: the job's revision and the
     * version of the avatar or generation guard it. The outbox rows are in the same statement.
     */
    async save(loaded, decision, how) {
      const write = writeOf(loaded, decision, how);
      const saved = write.text.length > MAX_BATCHED_TEXT ? null : await saveTogether(write);
      return saved ?? saveAlone(pool, write);
    },
  };
}

async function loadRows(pool: Pool, keys: readonly JobKey[]): Promise<readonly (readonly DecisionRow[])[]> {
  const values = [
    keys.map(({ id }) => id),
    keys.map(({ requestId }) => requestId),
    keys.map(({ token }) => token),
  ];
  const { rows } = await pool.query<DecisionRow>({ name: 'load_jobs', text: LOAD, values });
  return keys.map(({ id, requestId = '', token }) =>
    rows.filter((row) => row.id === id || row.falRequestId === requestId || row.token === token),
  );
}

/**
 * Saves the decisions whose rows nobody has locked. Null for the others, for outdated ones, and for all when the
 * statement fails: each of these is tried alone, so that it neither stops nor delays its neighbours.
 */
async function saveUnlocked(pool: Pool, writes: readonly Write[]): Promise<readonly (Saved | null)[]> {
  const taken = new Set<string | undefined>();
  const first = writes.filter(({ jobId, notification }) => {
    const isTaken = taken.has(jobId) || (notification !== null && taken.has(notification.entityId));
    if (!isTaken) taken.add(jobId).add(notification?.entityId);
    return !isTaken;
  });
  try {
    const saved = await save(pool, 'save_unlocked', first);
    return writes.map((write) => saved.get(write) ?? null);
  } catch (error) {
    if (!isRefusedStatement(error)) throw error;
    return writes.map(() => null);
  }
}

async function saveAlone(pool: Pool, write: Write): Promise<Saved> {
  try {
    const saved = await save(pool, 'save', [write]);
    return saved.get(write) ?? { kind: 'stale' };
  } catch (error) {
    if (isRefusedStatement(error) && error.code === UNIQUE_VIOLATION) return { kind: 'request-id-taken' };
    throw error;
  }
}

async function save(
  pool: Pool,
  name: keyof typeof SAVE,
  writes: readonly Write[],
): Promise<ReadonlyMap<Write, Saved>> {
  const values = [writes.map(({ jobId }) => jobId), `[${writes.map(({ text }) => text).join()}]`];
  const statement = { name, text: SAVE[name], values };
  const { rows } = await pool.query<{ n: number; outboxId: string | null }>(statement);
  const saved = new Map<Write, Saved>();
  for (const { n, outboxId } of rows) {
    const write = writes[n - 1];
    if (write === undefined) continue;
    const { notification } = write;
    const isVisible = notification !== null && outboxId !== null;
    const outbox = isVisible ? [{ ...notification, id: BigInt(outboxId) }] : [];
    saved.set(write, { kind: 'saved', outbox });
  }
  return saved;
}

/** Nothing of a statement that PostgreSQL refused is saved. After other errors it may be. */
function isRefusedStatement(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'severity' in error && 'code' in error;
}

/** A decision as the statement takes it. */
type Write = {
  readonly jobId: string;
  /** Of the avatar or generation that it changes. */
  readonly notification: Notification | null;
  /** The JSON of the rest. */
  readonly text: string;
};

function writeOf(loaded: LoadedJob, decision: Change, how: Options): Write {
  const { snapshot, ownerId, revision, version } = loaded;
  const visible = version === null ? null : visibleChange(loaded, decision);
  const text = JSON.stringify({
    revision,
    job: jobColumns(decision.job, how.source, decision.avatar?.artifact?.value),
    keeps_poll: how.nextPollInMs === undefined,
    next_poll_in_ms: how.nextPollInMs,
    kind: visible?.kind,
    entity_id: visible?.entityId,
    version,
    visible: visible?.columns,
    owner_id: ownerId,
    request_id: how.delivery?.requestId,
    digest: how.delivery?.digest,
  });
  const notification =
    visible === null || version === null
      ? null
      : { kind: visible.kind, ownerId, entityId: visible.entityId, version: version + 1 };
  return { jobId: snapshot.job.id, notification, text };
}

/** `columns` is null for a deletion. */
function visibleChange({ avatarId, generationId }: LoadedJob, { avatar, generation }: Change) {
  if (avatar !== null && avatarId !== null) {
    return { kind: 'AVATAR', entityId: avatarId, columns: avatarColumns(avatar) } as const;
  }
  if (generation === null || generationId === null) return null;
  const columns = generation === 'DELETE' ? null : generationColumns(generation);
  return { kind: 'GENERATION', entityId: generationId, columns } as const;
}

/** fal's response is compared after a run's end only, and may be large. */
const LOAD = `
  SELECT j.id, j.kind, j.owner_id AS "ownerId", j.avatar_id AS "avatarId", j.generation_id AS "generationId",
    j.trainer, j.trainer_note AS "trainerNote", j.state, j.token, j.fal_request_id AS "falRequestId", j.status_url AS "statusUrl", j.revision,
    j.next_poll_at AS "nextPollAt", j.cancel_requested_at AS "cancelRequestedAt", j.error_code AS "errorCode",
    j.created_at AS "createdAt", coalesce(a.version, g.version) AS version,
    coalesce(a.status::text, g.status::text) AS "shownStatus", g.error_code IS NOT NULL AS "showsError",
    coalesce(a.fal_request_id, g.fal_request_id) AS "shownRequestId", a.progress_percent AS "progressPercent",
    a.progress_queue_position AS "progressQueuePosition", a.progress_source AS "progressSource",
    CASE WHEN j.state IN ('${FINAL_STATES.join("', '")}') THEN coalesce(a.fal_response_data, g.fal_response_data) END
      AS "shownResponse"
  FROM jobs j
  LEFT JOIN avatars a ON j.kind = 'TRAINING' AND a.id = j.avatar_id
  LEFT JOIN generations g ON j.kind = 'GENERATION' AND g.id = j.generation_id
  WHERE j.id = ANY($1::text[]) OR j.fal_request_id = ANY($2::text[]) OR j.token = ANY($3::text[])`;

/** Sets the columns that a JSON object has. The others are assigned to themselves, which copies no large value. */
function set(table: string, row: string, fields: readonly string[], json: string): string {
  const columns = fields.filter((field) => !GUARDED.has(field)).map(columnName);
  const values = columns.map(
    (name) => `CASE WHEN ${json} ? '${name}' THEN r.${name} ELSE ${row}.${name} END`,
  );
  return `(${columns.join()}) = (SELECT ${values.join()} FROM jsonb_populate_record(NULL::${table}, ${json}) r)`;
}

/** Columns that the statement itself sets, or that no decision changes. */
const GUARDED = new Set([
  ...['id', 'revision', 'version', 'photosVersion'],
  ...['nextPollAt', 'leasedBy', 'leasedUntil', 'filesListedAt'],
]);
const JOB = Object.values(Prisma.JobScalarFieldEnum);
const AVATAR = Object.values(Prisma.AvatarScalarFieldEnum);
const GENERATION = Object.values(Prisma.GenerationScalarFieldEnum);

/**
 * Locks the rows of decisions whose guards hold, jobs first, and writes those. $1: ids of jobs; $2: the JSON of their
 * decisions. Of an array the planner expects few rows, which it looks up by their keys.
 */
const saving = (ofLocked: 'SKIP LOCKED' | '') => `
  WITH input AS MATERIALIZED (
    SELECT ids.job_id, ids.n::int, d.* FROM unnest($1::text[]) WITH ORDINALITY ids (job_id, n)
    CROSS JOIN LATERAL jsonb_to_record($2::jsonb -> (ids.n::int - 1)) d (
      revision int, job jsonb, keeps_poll boolean, next_poll_in_ms float8, kind text, entity_id text, version int,
      visible jsonb, owner_id text, request_id text, digest text)
  ), with_job AS MATERIALIZED (
    SELECT i.* FROM input i JOIN jobs j ON j.id = i.job_id
    WHERE j.revision = i.revision FOR UPDATE OF j ${ofLocked}
  ), locked_avatars AS MATERIALIZED (
    SELECT a.id FROM with_job i JOIN avatars a ON a.id = i.entity_id
    WHERE i.kind = 'AVATAR' AND a.version = i.version FOR UPDATE OF a ${ofLocked}
  ), locked_generations AS MATERIALIZED (
    SELECT g.id FROM with_job i JOIN generations g ON g.id = i.entity_id
    WHERE i.kind = 'GENERATION' AND g.version = i.version FOR UPDATE OF g ${ofLocked}
  ), held AS MATERIALIZED (
    SELECT * FROM with_job
    WHERE kind IS NULL OR entity_id IN (SELECT id FROM locked_avatars UNION ALL SELECT id FROM locked_generations)
  ), jobs_saved AS (
    UPDATE jobs j SET revision = j.revision + 1, next_poll_at = CASE WHEN h.keeps_poll THEN j.next_poll_at
      ELSE now() + h.next_poll_in_ms * interval '1 millisecond' END, ${set('jobs', 'j', JOB, 'h.job')}
    FROM held h WHERE j.id = h.job_id
  ), avatars_saved AS (
    UPDATE avatars a SET version = a.version + 1, ${set('avatars', 'a', AVATAR, 'h.visible')}
    FROM held h WHERE h.kind = 'AVATAR' AND a.id = h.entity_id
  ), generations_saved AS (
    UPDATE generations g SET version = g.version + 1, ${set('generations', 'g', GENERATION, 'h.visible')}
    FROM held h WHERE h.kind = 'GENERATION' AND g.id = h.entity_id AND h.visible IS NOT NULL
  ), generations_deleted AS (
    DELETE FROM generations g USING held h
    WHERE h.kind = 'GENERATION' AND g.id = h.entity_id AND h.visible IS NULL
  ), deliveries_saved AS (
    INSERT INTO webhook_deliveries (job_id, request_id, body_sha256, outcome)
    SELECT job_id, request_id, digest, 'APPLIED' FROM held WHERE digest IS NOT NULL ON CONFLICT DO NOTHING
  ), changes_recorded AS (
    INSERT INTO changes (entity_id, owner_id, version)
    SELECT entity_id, owner_id, version + 1 FROM held WHERE kind IS NOT NULL ${REPLACE_CHANGE}
  ), outbox AS (
    INSERT INTO announcements (kind, owner_id, entity_id, version)
    SELECT kind, owner_id, entity_id, version + 1 FROM held WHERE kind IS NOT NULL RETURNING id, entity_id
  )
  SELECT held.n, outbox.id AS "outboxId" FROM held LEFT JOIN outbox ON outbox.entity_id = held.entity_id`;

const SAVE = { save: saving(''), save_unlocked: saving('SKIP LOCKED') };
