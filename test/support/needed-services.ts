import net from 'node:net';
import { once } from 'node:events';
import { adminUrl } from './template.ts';
import { hasRedisServer } from './redis.ts';

/** Several instances need a real PostgreSQL, whatever the rest of the run is about. */
export const POSTGRES = adminUrl ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/**
 * The title of tests with several instances: it says why they are skipped where they are. `isMissing` is what
 * describe.skipIf() takes.
 */
export async function neededServices(
  title: string,
  needs: readonly ('postgres' | 'redis')[] = ['postgres', 'redis'],
): Promise<{ readonly title: string; readonly isMissing: boolean }> {
  const missing: string[] = [];
  if (needs.includes('postgres') && !(await isListening(POSTGRES))) {
    missing.push(
      `no PostgreSQL at ${POSTGRES}; start one with "docker run -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:15"`,
    );
  }
  if (needs.includes('redis') && !hasRedisServer) {
    missing.push('no redis-server program; install one with "apt-get install redis-server"');
  }
  if (missing.length === 0) return { title, isMissing: false };
  const reason = `${title} (skipped: ${missing.join(', and ')})`;
  process.stderr.write(`${reason}\n`);
  return { title: reason, isMissing: true };
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port || '5432') });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
