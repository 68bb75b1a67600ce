import { randomUUID } from 'node:crypto';
import { RedisConnection } from './redis-connection.ts';
import { z } from 'zod';
import type { Notification } from '../jobs/publish-outbox.ts';
import type { Log } from '../log/log.ts';
import type { Notifications } from './notifications.ts';

export type RedisBridge = {
  /** True while announcements from other instances arrive here, and ours can be sent to them. */
  isConnected(): boolean;
  close(): Promise<void>;
};

const CHANNEL = 'likeness:news';
/** Means nothing to whoever gets it; Redis takes it only from those who may publish. */
const PROBE = '';

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
 * Redis keeps nothing, so while it is away this process goes on with its own news, and after every (re)connection has
 * all its watchers read again what they may have missed. Every outage is one line in the log, and so is its end.
 */
export function bridgeOverRedis(url: string, news: Notifications, log: Log): RedisBridge {
  const self = randomUUID();
  let isReported = false;
  const onBroken = (error: unknown) => {
    if (!isReported) log.warn({ err: error }, 'Redis unavailable: notifications stay in this process');
    isReported = true;
  };
  const isConnected = () => sender.isWorking && receiver.isWorking;
  const onWorking = () => {
    if (!isConnected()) return;
    isReported = false;
    log.info({}, 'Redis connected: notifications are shared');
  };
  const sender = new RedisConnection(url, {
    setUp: (redis) => redis.publish(CHANNEL, PROBE),
    onWorking,
    onBroken,
  });
  const receiver = new RedisConnection(url, {
    setUp: (redis) => redis.subscribe(CHANNEL),
    onWorking() {
      onWorking();
      news.deliverToAll();
    },
    onBroken,
  });
  receiver.onMessage((text) => {
    const announcement = announcementIn(text, self);
    if (announcement !== null) news.deliver(announcement);
  });
  news.relayThrough(async ({ kind, ownerId, entityId, version }) => {
    const text = JSON.stringify({ from: self, kind, ownerId, entityId, version });
    await sender.ask((redis) => redis.publish(CHANNEL, text));
  });

  return {
    isConnected,
    close() {
      sender.close();
      receiver.close();
      return Promise.resolve();
    },
  };
}

/** Null for this instance's own messages, which it delivered before sending them, and for what is none. */
function announcementIn(text: string, self: string): Notification | null {
  if (text === PROBE) return null;
  try {
    const message = messageSchema.parse(JSON.parse(text));
    return message.from === self ? null : message;
  } catch {
    return null;
  }
}
