import { randomUUID } from 'node:crypto';
import { RedisConnection } from './redis-connection.ts';
import * as z from 'zod';
import type { Log } from '../log/log.ts';
import { NOTIFICATION_KINDS, type Notification } from '../jobs/publish-outbox.ts';
import type { Notifications } from './notifications.ts';

export type RedisBridge = {
  /** True while notifications are received from and sent to the other instances. */
  isConnected(): boolean;
  close(): void;
};

/** One channel, subscribed once: with a channel per topic a change could precede Redis's answer to SUBSCRIBE. */
const CHANNEL = 'likeness:news';
/** Receivers ignore it. It shows that Redis lets this user publish. */
const TEST_MESSAGE = '';

const messageSchema = z.object({
  from: z.string(),
  kind: z.enum(NOTIFICATION_KINDS),
  ownerId: z.string(),
  entityId: z.string(),
  version: z.number(),
});

/**
 * Shares notifications with the other instances over Redis. Redis stores none: during an outage only this process's own
 * are delivered, and after every connect all watchers read again. Logs each outage and its end once.
 */
export function bridgeOverRedis(url: string, notifications: Notifications, log: Log): RedisBridge {
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
    setUp: (redis) => redis.publish(CHANNEL, TEST_MESSAGE),
    onWorking,
    onBroken,
  });
  const receiver = new RedisConnection(url, {
    setUp: (redis) => redis.subscribe(CHANNEL),
    onWorking() {
      onWorking();
      notifications.deliverToAll();
    },
    onBroken,
  });
  receiver.onMessage((text) => {
    const notification = parseMessage(text, self);
    if (notification !== null) notifications.deliver(notification);
  });
  notifications.relayThrough(async ({ kind, ownerId, entityId, version }) => {
    const text = JSON.stringify({ from: self, kind, ownerId, entityId, version });
    await sender.send((redis) => redis.publish(CHANNEL, text));
  });

  return {
    isConnected,
    close() {
      sender.close();
      receiver.close();
    },
  };
}

/** Null for this instance's own messages, which it has delivered already, and for anything malformed. */
function parseMessage(text: string, self: string): Notification | null {
  if (text === TEST_MESSAGE) return null;
  try {
    const message = messageSchema.parse(JSON.parse(text));
    return message.from === self ? null : message;
  } catch {
    return null;
  }
}
