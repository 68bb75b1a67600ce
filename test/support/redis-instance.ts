import { onTestFinished } from 'vitest';
import { keptLog } from './memory-log.ts';
import { NewsChannels } from '../../src/live/notifications.ts';
import { relayOverRedis } from '../../src/live/redis-bridge.ts';
import type { Announcement } from '../../src/jobs/ports.ts';
import type { News } from '../../src/live/watch.ts';

/** One server's share of the news, with someone who watches one avatar there. */
export function instance(url: string, entityId: string) {
  const news = new NewsChannels();
  const heard: News[] = [];
  const stopListening = news.listen('avatar', entityId)((item) => heard.push(item));
  const log = keptLog();
  const relay = relayOverRedis(url, news, log);
  onTestFinished(async () => {
    stopListening();
    await relay.close();
  });
  return { news, heard, log, relay };
}

export function announcementOf(entityId: string, version = 1): Announcement {
  return { kind: 'AVATAR', ownerId: 'ada', entityId, version };
}

export function changed(entityId: string): News {
  return { kind: 'changed', entityId };
}

export const MISSED: News = { kind: 'missed' };
