// Watches an avatar and leaves it. Nothing must keep the process from ending then.
import { WebSocket } from 'ws';
import { createClient } from '../../packages/client/src/client.ts';

const [url = '', id = '', way = ''] = process.argv.slice(2);
const client = createClient({ url, WebSocket: way === 'websocket' || way === 'waiting' ? WebSocket : null });
const controller = new AbortController();

if (way === 'waiting') {
  // Between two attempts to reach a server that is not there.
  setTimeout(() => controller.abort(), 500);
  for await (const _avatar of client.watchAvatar(id, { signal: controller.signal }));
} else {
  const other = client.watchAvatar(id, { signal: controller.signal });
  await other.next();
  for await (const _avatar of client.watchAvatar(id)) break;
  controller.abort();
}
process.stdout.write('left\n');
