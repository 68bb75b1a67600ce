import { onTestFinished } from 'vitest';
import { memoryLog } from './memory-log.ts';
import { Notifications, type WatchEvent } from '../../src/live/notifications.ts';
import { bridgeOverRedis } from '../../src/live/redis-bridge.ts';
import type { Notification } from '../../src/jobs/publish-outbox.ts';

/** The notifications of one server, with someone who watches one avatar there. */
export function instance(url: string, entityId: string) {
  const notifications = new Notifications();
  const heard: WatchEvent[] = [];
  const stopListening = notifications.listen('avatar', entityId)((item) => heard.push(item));
  const log = memoryLog();
  const relay = bridgeOverRedis(url, notifications, log);
  onTestFinished(() => {
    stopListening();
    relay.close();
  });
  return { notifications, heard, log, relay };
}

export function announcementOf(entityId: string, version = 1): Notification {
  return { kind: 'AVATAR', ownerId: 'ada', entityId, version };
}

export function changed(entityId: string): WatchEvent {
  return { kind: 'changed', entityId };
}

export const MISSED: WatchEvent = { kind: 'missed' };
