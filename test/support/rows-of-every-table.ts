import type pg from 'pg';
import type { Database } from '../../src/open-database.ts';
import { avatarRow } from './rows.ts';

/** Texts that trip quoting, splitting into lines, and encodings. */
export const AWKWARD = [
  '',
  ' ',
  '\\',
  '"',
  '""',
  "'",
  ',',
  '(,)',
  '{NULL}',
  'NULL',
  'null',
  '\\N',
  'two\nlines\r\nand\ta tab',
  'a line separator \u2028 and a paragraph separator \u2029',
  'Zoë 李 🙂',
  'e\u0301 is not é',
  '\u0001\u007f',
];

/** Rows in every table that refers to another, with values that are easily changed on the way. */
export async function writeAwkwardRows({ prisma }: Database): Promise<void> {
  for (const [n, text] of AWKWARD.entries()) {
    const avatarId = `avatar-${n}`;
    const json = { text, list: [null, true, 1.0, 1e300, 0.1, -0, '9007199254740993'], empty: {} };
    await prisma.avatar.create({ data: { ...avatarRow(avatarId), name: text, falResponseData: json } });
    await prisma.generation.create({
      data: {
        id: `generation-${n}`,
        ownerId: 'owner',
        avatarId,
        prompt: text,
        numImages: n,
        strength: [0.1, 1 / 3, 1e-300, 1.5e308, -0][n % 5] ?? 0,
        seed: 9_223_372_036_854_775_807n - BigInt(n),
        completedAt: new Date(n % 2 === 0 ? '1969-12-31T23:59:59.999Z' : '2026-03-29T01:30:00.001Z'),
      },
    });
    await prisma.job.create({
      data: {
        id: `job-${n}`,
        kind: n % 2 === 0 ? 'TRAINING' : 'GENERATION',
        ownerId: 'owner',
        avatarId,
        generationId: n % 2 === 0 ? null : `generation-${n}`,
        trainer: 'FLUX_PRO',
        endpoint: text,
        input: json,
        token: `token-${n}`,
      },
    });
    await prisma.webhookDelivery.create({
      data: {
        jobId: `job-${n}`,
        requestId: `request-${n}`,
        bodySha256: text,
        outcome: 'APPLIED',
        body: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      },
    });
    await prisma.change.create({
      data: {
        entityId: avatarId,
        ownerId: text || 'nobody',
        version: n,
        position: n % 2 === 0 ? null : 9_223_372_036_854_775_807n - BigInt(n),
      },
    });
    await prisma.announcement.create({
      data: { kind: 'AVATAR', ownerId: 'owner', entityId: avatarId, version: n },
    });
  }
}

/** Every row of every table as JSON, in an order of its own: another way to look than the checksums'. */
export async function everyRow(pool: pg.Pool): Promise<Record<string, string[]>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY 1`,
  );
  const all: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM "${name}" AS t`);
    all[name] = rows.map(({ row }) => row).sort();
  }
  return all;
}
