import { IncomingMessage } from 'node:http';

/**
 * A request that Node gives to the listener of upgrades only if it asks for a WebSocket. A client only offers another
 * protocol: the response comes over HTTP/1.1 (RFC 9110, 7.8).
 */
export class UpgradableToWebSocket extends IncomingMessage {
  declare private asksForUpgrade: boolean;

  set upgrade(asked: boolean) {
    this.asksForUpgrade = asked;
  }

  get upgrade(): boolean {
    return this.asksForUpgrade && this.headers.upgrade?.toLowerCase() === 'websocket';
  }
}
