// node --import tsx test/support/changing-server.ts <options as JSON>: serves subscriptions to one avatar on the database
// its environment names, and prints its addresses. At each SIGUSR2 it changes the avatar as often as it is told to in the
// options, announces every change, and prints how that went and what memory is in use afterwards.
import { setImmediate as turn } from 'node:timers/promises';
import { isOutage } from '../../src/db/outage.ts';
import { createAuthenticate } from '../../src/auth/authenticate.ts';
import { createGraphqlServer } from '../../src/http/yoga.ts';
import { createMetrics } from '../../src/http/monitoring/metrics.ts';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { isLocalOrigin } from '../../src/http/origin.ts';
import { Notifications } from '../../src/live/notifications.ts';
import { openDatabase } from '../../src/open-database.ts';
import { TIMEOUTS } from '../../src/http/timeouts.ts';
import { startHttp } from '../../src/http/server.ts';
import { KeyedSemaphore } from '../../src/async/keyed-semaphore.ts';
import { createChangeLog } from '../../src/db/store/change-log.ts';
import { createRowReads } from '../../src/db/reads/row-reads.ts';
import { createUsageReads } from '../../src/db/reads/usage-reads.ts';
import { avatarRow } from './rows.ts';
import { collectGarbage } from './heap-used.ts';
import { httpOptions } from './http-options.ts';
import { optionsOf } from './database.ts';
import { printLine } from './print-line.ts';
import { silent } from './template.ts';
import type { UseCaseDeps } from '../../src/jobs/deps.ts';
import type { ChangingServerOptions, ChangesMade } from './start-changing-server.ts';

const log = { ...silent, debug: () => undefined };
const CHANGES_A_TURN = 10;
const AVATAR_ID = 'avt_00000000000070008000000000000000';
const { changes, rowBytes, patience, limits } = JSON.parse(process.argv[2] ?? '') as ChangingServerOptions;

const { prisma, pool } = await openDatabase(optionsOf(process.env));
const authenticate = createAuthenticate({ kind: 'LOCAL' }, log);
const identity = await authenticate(null);
if (identity.kind !== 'viewer') throw new Error('There is one local user');
const { ownerId } = identity.viewer;
await prisma.avatar.create({
  data: { ...avatarRow(AVATAR_ID), ownerId, falResponseData: { filler: 'x'.repeat(rowBytes) } },
});

const notifications = new Notifications();
const graphql = createGraphqlServer({
  services: {
    prisma,
    // Nothing else of it is used: only subscriptions are served here.
    deps: { catalog: BUILT_IN } as UseCaseDeps,
    notifications,
    streams: new KeyedSemaphore(limits?.streamsPerOwner ?? null),
    rows: createRowReads(pool),
    uploadUrl: (token) => token,
    fileUrl: () => null,
    usage: createUsageReads(pool),
    changes: createChangeLog(pool),
  },
  authenticate,
  isAllowedOrigin: isLocalOrigin,
  playground: null,
  hidesSchema: false,
  costLimit: null,
  ticketSecret: 'unused',
  isOutage,
  log,
});
const metrics = createMetrics({
  listeners: () => notifications.listeners,
  isBreakerOpen: () => Promise.resolve(false),
  clockSkewSeconds: () => 0,
  fileBacklog: () => Promise.resolve({ waiting: 0, lagSeconds: 0 }),
});
const { socketsPerOwner = null } = limits ?? {};
const http = await startHttp(
  httpOptions({
    socketLimits: { operationsPerSocket: 10, sockets: null, socketsPerOwner },
    timeouts: { ...TIMEOUTS, ...patience },
    ...graphql,
    authenticate,
    metrics: { ...metrics, token: null },
    log,
  }),
);

process.on('SIGUSR2', () => void change());
printLine(JSON.stringify({ graphqlUrl: `${http.url}/graphql`, avatarId: AVATAR_ID }));

async function change(): Promise<void> {
  const bytesBefore = bytesInUse();
  const began = performance.now();
  let version = 0;
  for (let change = 0; change < changes; change += 1) {
    const { rows } = await pool.query<{ version: number }>(
      'UPDATE avatars SET version = version + 1 WHERE id = $1 RETURNING version',
      [AVATAR_ID],
    );
    version = rows[0]?.version ?? NaN;
    await notifications.publish({ kind: 'AVATAR', ownerId, entityId: AVATAR_ID, version });
    // The embedded database runs in this thread: without a turn of their own, sockets would not be looked at meanwhile.
    if (change % CHANGES_A_TURN === 0) await turn();
  }
  const tookMs = Math.round(performance.now() - began);
  const made: ChangesMade = { version, tookMs, bytesBefore, bytesAfter: bytesInUse() };
  printLine(JSON.stringify(made));
}

/** Of this process, garbage left out; the database's own memory is in it and does not change. */
function bytesInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
