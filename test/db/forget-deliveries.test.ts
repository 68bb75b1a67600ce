import { expect, test } from 'vitest';
import { forgetDeliveries } from '../../src/db/store/deliveries.ts';
import { freshDatabase } from '../support/database.ts';

test('deliveries older than a month are deleted, however many, and no others', async () => {
  const { database, drop } = await freshDatabase();
  const { pool, prisma } = database;
  await pool.query(`
    INSERT INTO jobs (id, kind, owner_id, trainer, endpoint, input, token, updated_at)
      VALUES ('job', 'TRAINING', 'owner', 'FLUX_PRO', 'endpoint', '{}', 'token', now());
    INSERT INTO webhook_deliveries (job_id, request_id, body_sha256, outcome, received_at)
      SELECT 'job', n, n, 'APPLIED', now() - CASE WHEN n > 12003 THEN 29 ELSE 31 END * interval '1 day'
        FROM generate_series(1, 12010) AS n`);
  const count = () => prisma.webhookDelivery.count();
  await forgetDeliveries(prisma, AbortSignal.abort());
  expect(await count()).toBeGreaterThan(7);
  await forgetDeliveries(prisma, new AbortController().signal);
  expect((await prisma.webhookDelivery.findMany()).map(({ requestId }) => requestId).sort()).toEqual(
    Array.from({ length: 7 }, (_, n) => String(12_004 + n)),
  );
  await drop();
});
