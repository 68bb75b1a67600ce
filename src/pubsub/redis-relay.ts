import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { z } from 'zod';
import type { Announcement, Log } from '../jobs/ports.ts';
import type { NewsChannels } from './channels.ts';

export type RedisRelay = {
  /** True while announcements from other instances arrive. */
  isConnected(): boolean;
  close(): Promise<void>;
};

const CHANNEL = 'likeness:news';
const COMMAND_TIMEOUT_MS = 2000;
const HEARTBEAT_MS = 10_000;

const messageSchema = z.object({
  from: z.string(),
  kind: z.enum(['AVATAR', 'GENERATION']),
  ownerId: z.string(),
  entityId: z.string(),
  version: z.number(),
});

/**
 * Connects this instance's news with the other instances' over Redis. Everything goes over one channel, which is
 * subscribed to once: with a channel per topic a change could fall between a subscriber's arrival and Redis's answer
 * to its SUBSCRIBE.
 *
 * Redis may be absent at the start, go and come back: this process goes on with its own news, tries again, and after
 * every (re)connection has all its watchers read again what they may have missed.
 */
export function relayOverRedis(url: string, news: NewsChannels, log: Log): RedisRelay {
  const self = randomUUID();
  const options = {
    // A command fails at once while there is no connection; what could not be sent stays to be announced.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, 2000),
  };
  const sender = new Redis(url, options);
  const receiver = new Redis(url, options);
  let isSubscribed = false;
  let isReported = false;

  for (const [name, client] of [['sender', sender] as const, ['receiver', receiver] as const]) {
    // Without a listener an error would end the process. One line an outage is enough.
    client.on('error', (error: Error) => {
      if (!isReported)
        log.warn({ err: error, client: name }, 'Redis cannot be reached; news stays in this process');
      isReported = true;
    });
  }
  receiver.on('close', () => {
    isSubscribed = false;
  });
  receiver.on('ready', () => {
    receiver.subscribe(CHANNEL).then(
      () => {
        isSubscribed = true;
        isReported = false;
        log.info({}, 'news is shared over Redis');
        news.deliverToAll();
      },
      () => receiver.disconnect(true),
    );
  });
  receiver.on('message', (_channel: string, text: string) => {
    const announcement = announcementIn(text, self);
    if (announcement !== null) news.deliver(announcement);
  });

  // A connection that is only half there neither errors nor delivers.
  const heartbeat = setInterval(() => {
    if (receiver.status === 'ready') receiver.ping().catch(() => receiver.disconnect(true));
  }, HEARTBEAT_MS);
  heartbeat.unref();

  news.relayThrough(async ({ kind, ownerId, entityId, version }) => {
    try {
      await sender.publish(CHANNEL, JSON.stringify({ from: self, kind, ownerId, entityId, version }));
    } catch (error) {
      // A connection that takes a command and does not answer is replaced.
      if (sender.status === 'ready') sender.disconnect(true);
      throw error;
    }
  });

  return {
    isConnected: () => isSubscribed,
    close() {
      clearInterval(heartbeat);
      sender.disconnect();
      receiver.disconnect();
      return Promise.resolve();
    },
  };
}

/** Null for this instance's own messages, which it delivered before sending them, and for what is none. */
function announcementIn(text: string, self: string): Announcement | null {
  try {
    const message = messageSchema.parse(JSON.parse(text));
    return message.from === self ? null : message;
  } catch {
    return null;
  }
}
