import { afterAll, expect, test } from 'vitest';
import {
  AnyNodeDocument,
  AvatarByRequestIdDocument,
  AvatarsDocument,
  FindAvatarsDocument,
  GenerationsDocument,
  PlanTrainingDocument,
  CancelGenerationDocument,
  DeleteGenerationDocument,
  PromoteDocument,
  TrainingByIdDocument,
  TrainingsDocument,
  TypedDocumentString,
  UsageDocument,
} from '../../src/generated/contract/graphql.ts';
import { forgetChanges } from '../../src/db/store/change-log.ts';
import { copiedImages } from '../support/shown-files.ts';
import { forgetDeliveries } from '../../src/db/store/deliveries.ts';
import { PgResultFileStore } from '../../src/db/store/result-file-store.ts';
import { PrismaPhotoStore } from '../../src/db/store/photo-store.ts';
import { PgInstanceStore } from '../../src/db/store/instance-store.ts';
import { PrismaUnknownOutcomes } from '../../src/db/store/unknown-outcomes.ts';
import { listenToStatements } from '../support/sql-statements.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import type { Database } from '../../src/open-database.ts';

/** Rows of other owners: so many that PostgreSQL reads a table as a whole only when no index fits. */
const ROWS = 2500;
/** Tables that grow with the use of the service. The others hold what is under way. */
const LARGE = [
  'avatars',
  'avatar_creations',
  'avatar_tags',
  'changes',
  'generations',
  'jobs',
  'photos',
  'result_files',
  'webhook_deliveries',
];

/** Every statement of this process, once; one with null for a value is another. */
const sent = new Map<string, { readonly text: string; readonly values: readonly unknown[] }>();
const stop = listenToStatements((statement) => {
  const { text, values } = statement;
  if (/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text))
    sent.set(`${text} ${values.map((value) => value === null).join()}`, statement);
});

const app = await startTestApp({
  env: {
    KEEP_FILES: 'on',
    LIMIT_RUNNING_TRAININGS: '100',
    LIMIT_TRAININGS_PER_DAY: '100',
    LIMIT_IMAGES_PER_DAY: '100',
    LIMIT_TOTAL_TRAININGS_PER_DAY: '100000',
    LIMIT_TOTAL_IMAGES_PER_DAY: '100000',
    LIMIT_AVATARS_PER_OWNER: '100',
    LIMIT_PHOTOS_PER_OWNER: '100',
    LIMIT_USD_PER_DAY: '100000',
    LIMIT_TOTAL_USD_PER_DAY: '100000',
  },
});
afterAll(async () => {
  stop();
  await app.close();
});

async function seed({ pool }: Database): Promise<void> {
  const statements = [
    `INSERT INTO avatars (id, owner_id, name, training_type, status, trigger_phrase, external_id, updated_at)
     SELECT 'avt_' || lpad(to_hex(n), 32, '0'), 'owner-' || n % 200, 'Ada', (enum_range(null::training_type))[1 + n % 2],
       (enum_range(null::avatar_status))[1 + n % 6], 'TOK', n, now() FROM generate_series(1, ${ROWS}) n`,
    `INSERT INTO avatar_tags (avatar_id, tag, owner_id)
     SELECT id, 'tag-' || length(external_id), owner_id FROM avatars`,
    `INSERT INTO avatar_creations (owner_id, idempotency_key, idempotency_digest, avatar_id)
     SELECT owner_id, external_id, 'digest', id FROM avatars`,
    `INSERT INTO generations (id, owner_id, avatar_id, status, prompt, num_images, updated_at)
     SELECT 'gen_' || lpad(to_hex(n), 32, '0'), 'owner-' || n % 200, 'avt_' || lpad(to_hex(n), 32, '0'),
       (enum_range(null::generation_status))[1 + n % 5], 'tea', 1, now() FROM generate_series(1, ${ROWS}) n`,
    `INSERT INTO jobs (id, kind, owner_id, avatar_id, trainer, endpoint, input, token, fal_request_id, next_poll_at, settled_at, created_at, updated_at)
     SELECT 'job_' || lpad(to_hex(n), 32, '0'), 'GENERATION', CASE n % 100 WHEN 0 THEN 'local' ELSE 'owner-' || n % 200 END, 'avt_' || lpad(to_hex(n), 32, '0'), 'FLUX_PRO', 'e', '{}', 'token-' || n, 'run-' || n, null, now(), now() - CASE n % 20 WHEN 1 THEN n * interval '1 second' ELSE interval '2 days' END, now()
     FROM generate_series(1, ${ROWS}) n`,
    `INSERT INTO webhook_deliveries (job_id, request_id, body_sha256, outcome, received_at)
     SELECT 'job_' || lpad(to_hex(n), 32, '0'), 'run-' || n, 'sha', 'APPLIED', now() - n * interval '1 second' FROM generate_series(1, ${ROWS}) n`,
    `INSERT INTO photos (id, owner_id, avatar_id, name, token_hash, size, file, delete_after_job_id, expires_at)
     SELECT 'pho_' || lpad(to_hex(n), 32, '0'), 'owner-' || n % 200, 'avt_' || lpad(to_hex(n), 32, '0'), 'a', 'token-' || n, 1, 'file-' || n,
       CASE n % 100 WHEN 1 THEN 'job_' || lpad(to_hex(n), 32, '0') END, now() + n * interval '1 minute' FROM generate_series(1, ${ROWS}) n`,
    `INSERT INTO result_files (run_id, position, avatar_id, owner_id, kind, url, state, file, next_attempt_at)
     SELECT 'gen_' || lpad(to_hex(n), 32, '0'), 0, 'avt_' || lpad(to_hex(n), 32, '0'), 'owner-' || n % 200, 'IMAGE', 'https://files.example', 'STORED',
       'file-' || n, CASE n % 1000 WHEN 1 THEN now() + n * interval '1 second' END FROM generate_series(1, ${ROWS}) n`,
    `INSERT INTO changes (entity_id, owner_id, version, position, changed_at)
     SELECT 'gen_' || lpad(to_hex(n), 32, '0'), 'owner-' || n % 200, 1, n, now() - n * interval '1 second' FROM generate_series(1, ${ROWS}) n`,
    'ANALYZE',
  ];
  for (const statement of statements) await pool.query(statement);
}

const LISTS = new TypedDocumentString<unknown, object>(`{
  last: avatars(last: 5) { edges { node { generations(last: 2) { edges { cursor node { input } } } } } }
}`);

/** Everything a client can do, and what the server does by itself. */
async function useEverything(): Promise<void> {
  const labels = { externalId: 'crm-1', tags: ['vip'] };
  const avatar = await app.trainedAvatar({ ...labels, idempotencyKey: 'first' });
  await app.newAvatar({ ...labels, idempotencyKey: 'first' });
  const draft = await app.newAvatar();
  await expect(app.updateAvatar({ avatarId: draft.id, ...labels })).rejects.toThrow('CONFLICT');
  await app.updateAvatar({ avatarId: draft.id, triggerPhrase: 'NEW', tags: ['new'] });
  const again = { avatarId: avatar.id, imagesUrl: photos('stuck-in-queue'), idempotencyKey: 'again' };
  await app.startTraining(again);
  await app.startTraining(again);
  await app.mutate(PlanTrainingDocument, {
    avatarId: avatar.id,
    imagesUrl: 'https://photos.example/a.zip',
    dryRun: true,
  });
  await app.cancelTraining(avatar.id);
  await app.settled(avatar.id);
  const { id } = await app.generate({ avatarId: avatar.id, waitSeconds: 30 });
  const { images } = await copiedImages(app, id);
  await (await fetch(images[0]?.url ?? '')).arrayBuffer();
  await app.metric('likeness_files_waiting');
  const all = app.watchAvatar({});
  await all.until(({ isReady }) => isReady, 'the avatar');
  await all.stop();
  const changes = app.watchChanges({});
  const { cursor } = await changes.next();
  await changes.stop();
  const resumed = app.watchChanges({ after: cursor });
  await resumed.next();
  await resumed.stop();
  const { avatars } = await app.execute(AvatarsDocument, { first: 20 });
  await app.execute(AvatarsDocument, { first: 20, after: avatars.pageInfo.endCursor ?? null });
  await app.execute(LISTS, {});
  const labelled = { externalId: 'crm-1', trainingType: 'PORTRAIT', status: 'COMPLETED' } as const;
  for (const filter of [
    { status: 'COMPLETED' } as const,
    { trainingType: 'PORTRAIT' } as const,
    { externalId: 'crm-1' },
    { tag: 'vip' },
    { tag: 'vip', last: 5 },
    { ...labelled, tag: 'vip', after: avatars.pageInfo.endCursor ?? null },
  ])
    await app.execute(FindAvatarsDocument, filter);
  for (const filter of [{}, { avatarId: avatar.id }, { status: 'QUEUED' } as const])
    await app.execute(GenerationsDocument, filter);
  await app.execute(AvatarByRequestIdDocument, { requestId: avatar.falRequestId ?? '' });
  await app.uploadPhotos(avatar.id, [{ name: 'a', bytes: Buffer.from('no photo') }]);
  const set = await app.photoSet(avatar.id);
  await app.deletePhoto(set?.photos[0]?.id ?? '');
  const { avatar: trained } = await app.execute(TrainingsDocument, { avatarId: avatar.id, first: 1 });
  const trainingId = trained?.trainings.edges.at(-1)?.node.id ?? '';
  await app.execute(TrainingByIdDocument, { id: trainingId });
  await app.mutate(PromoteDocument, { trainingId });
  await app.execute(UsageDocument, { from: '2026-11-01', to: '2026-11-02' });
  await app.execute(AnyNodeDocument, { id: avatar.id });
  await app.execute(AnyNodeDocument, { id });
  const other = await app.generate({ avatarId: avatar.id, prompt: 'tea [[stuck-in-queue]]' });
  await app.mutate(CancelGenerationDocument, { generationId: other.id });
  await app.mutate(DeleteGenerationDocument, { generationId: other.id });
  await app.deleteAvatar(avatar.id);
}

type Plan = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
};

/** A plan's node with all below it. */
function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

test('every statement finds its rows of large tables by an index, and every index is used', async () => {
  await app.restart(seed);
  sent.clear();
  await useEverything();

  const scans: string[] = [];
  const indexes = new Set<string | undefined>();
  let unused: string[] = [];
  await app.restart(async ({ pool, prisma }) => {
    // Once an hour.
    await forgetDeliveries(prisma, new AbortController().signal);
    const photos = new PrismaPhotoStore(prisma, { photosPerOwner: null, retentionDays: null });
    await photos.deleteDue(200);
    await photos.findUnknown(['file-1']);
    await photos.findStored('pho_1');
    await forgetChanges(pool, new AbortController().signal);
    const files = new PgResultFileStore(pool, 'living');
    await files.findUnknown(['file-1']);
    await files.markLost({ sourceId: 'gen_1', position: 0 }, 'file-1');
    await files.listFilesOf('gen_1');
    await files.claim({ sourceId: 'gen_1', position: 0 }, 1000);
    const instances = new PgInstanceStore(pool, 'living');
    await instances.freeAll();
    await instances.beat();
    await prisma.instance.create({ data: { id: 'dead', heartbeatAt: new Date(0) } });
    await instances.beat();
    await instances.leave();
    // The operator's.
    const outcomes = new PrismaUnknownOutcomes(prisma);
    await outcomes.listUnknown(10);
    for (const prefix of ['avt', 'gen', 'job']) await outcomes.findJob(`${prefix}_1`);
    await outcomes.findJobOfRun('run-1');
    const statements = [...sent.values()];
    expect(statements.length).toBeGreaterThan(20);
    for (const { text, values } of statements) {
      const explain = `EXPLAIN (FORMAT JSON) ${text}`;
      const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explain, [...values]);
      for (const node of rows.flatMap((row) => nodesOf(row['QUERY PLAN'][0].Plan))) {
        indexes.add(node['Index Name']);
        const table = node['Relation Name'] ?? '';
        if (node['Node Type'] === 'Seq Scan' && LARGE.includes(table)) scans.push(`${table}: ${text}`);
      }
    }
    const { rows } = await pool.query<{ name: string }>(
      `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix%'`,
    );
    unused = rows.map(({ name }) => name).filter((name) => !indexes.has(name));
  });
  expect(scans).toEqual([]);
  expect(unused).toEqual([]);
});
