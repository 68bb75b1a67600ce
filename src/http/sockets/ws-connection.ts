import { CloseCode, type Server as Protocol } from 'graphql-ws';
import type { Duplex } from 'node:stream';
import type { Log } from '../../log/log.ts';
import type { Timeouts } from '../timeouts.ts';
import type { RawData, WebSocket } from 'ws';

/** In bytes sent and not confirmed by a pong. Beyond it the next message waits. */
const WINDOW_BYTES = 64_000;
/** Unconfirmed bytes that cause a ping. */
const PING_AT_BYTES = WINDOW_BYTES / 4;
/** Messages in handling, and sends in wait, beyond the operations: rejections, pongs, operations that are over. */
const SPARE_MESSAGES = 100;
/** Messages and pings before the token is verified. */
const MESSAGES_BEFORE_ACK = 20;
/** In characters. Clients use UUIDs; every message of the operation repeats the ID. */
const MAX_ID_LENGTH = 128;
/** In bytes (RFC 6455, 5.5): a control frame has 125, two of them for the code. */
const MAX_REASON_BYTES = 123;
const NORMAL = 1000;
const POLICY_VIOLATION = 1008;

type WsConnectionOptions = {
  readonly timeouts: Timeouts;
  readonly limits: { readonly operationsPerSocket: number | null };
  readonly log: Log;
};

/**
 * The socket that graphql-ws expects, with flow control: a ping follows the messages, and its pong confirms that the peer
 * has read them. At most WINDOW_BYTES are unread, so a slow reader costs no memory and soon gets to the newest message.
 * A peer that answers no ping is disconnected.
 */
export class WsConnection {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #options: WsConnectionOptions;
  #unconfirmed = 0;
  /** The unanswered ping, and the bytes that its pong confirms. */
  #ping: { readonly at: number; readonly data: string; readonly bytes: number } | null = null;
  #pings = 0;
  /** Sends that wait for the window, in order. */
  readonly #waiting: (() => void)[] = [];
  #handling = 0;
  #lastOperationAt = performance.now();
  /** IDs of operations whose last message is not sent yet. */
  readonly #operations = new Set<string>();
  /** The message that graphql-ws is reading, and the operation it has begun. */
  #reading: { operation: string | null } | null = null;
  #isAcknowledged = false;
  #messagesBeforeAck = 0;
  #isPongWaiting = false;

  constructor(socket: WebSocket, stream: Duplex, options: WsConnectionOptions) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
    socket.on('error', (error) => options.log.debug({ err: error }, 'WebSocket error'));
    socket.on('pong', (data) => this.#onPong(data));
    socket.on('ping', (data) => this.#onPing(data));
    const watchdog = setInterval(() => this.#checkPeer(), options.timeouts.pingMs);
    socket.on('close', () => {
      clearInterval(watchdog);
      this.#wake();
    });
  }

  serve<Extra>(protocol: Protocol<Extra>, extra: Extra): void {
    const socket = this.#socket;
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => this.#send(text),
        close: (code = NORMAL, reason = '') => this.close(code, reason),
        onMessage: (handle) => socket.on('message', (data) => void this.#handle(data, handle)),
        onPing: () => this.#sendProtocolPong(),
      },
      extra,
    );
    socket.on('close', (code, reason) => {
      closed(code, String(reason)).catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'WebSocket cleanup failed');
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Lifts the limits for callers without a verified token. */
  acknowledge(): void {
    this.#isAcknowledged = true;
  }

  get operations(): number {
    return this.#operations.size;
  }

  /**
   * Registers an operation. Must be called synchronously while graphql-ws reads its message. Closes the socket and
   * returns false if the ID is too long or in use: graphql-ws itself allows a second operation with the ID of a completed
   * one that still executes, and drops it when the first ends.
   */
  begin(id: string): boolean {
    this.#lastOperationAt = performance.now();
    if (id.length > MAX_ID_LENGTH) {
      this.close(CloseCode.BadRequest, 'Invalid message received');
      return false;
    }
    if (this.#operations.has(id)) {
      this.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
      return false;
    }
    this.#operations.add(id);
    if (this.#reading !== null) this.#reading.operation = id;
    return true;
  }

  /** Safe to call again. */
  close(code: number, reason: string): void {
    // ws throws for a longer reason, and reasons quote IDs. `stream` drops a character that is cut in two.
    const bytes = new TextEncoder().encode(reason).subarray(0, MAX_REASON_BYTES);
    this.#socket.close(code, new TextDecoder().decode(bytes, { stream: true }));
    this.#wake();
  }

  /** Sends a complete frame at once. With a full window it returns false, and calls `whenRoom` once the window is open. */
  offer(frame: Buffer, whenRoom: () => void): boolean {
    if (!this.#hasRoom) {
      this.#waiting.push(whenRoom);
      return false;
    }
    if (this.isOpen) {
      // Never within a message of `ws`, which writes each at once because it compresses none.
      this.#stream.write(frame);
      this.#count(frame.length);
    }
    return true;
  }

  #send(text: string): Promise<void> {
    return new Promise((resolve) => {
      const write = () => {
        if (this.isOpen) {
          this.#socket.send(text, () => resolve());
          this.#count(Buffer.byteLength(text));
        } else resolve();
      };
      if (this.#hasRoom) write();
      else this.#waiting.push(write);
    });
  }

  /** True for a closed socket, which drops what is written. */
  get #hasRoom(): boolean {
    return this.#unconfirmed < WINDOW_BYTES || !this.isOpen;
  }

  #count(bytes: number): void {
    this.#unconfirmed += bytes;
    if (this.#ping === null && this.#unconfirmed >= PING_AT_BYTES) this.#sendPing();
  }

  #sendPing(): void {
    const data = String(++this.#pings);
    this.#ping = { at: performance.now(), data, bytes: this.#unconfirmed };
    this.#socket.ping(data);
  }

  #onPong(data: Buffer): void {
    // Small clients answer with an empty pong. It proves no reading, so it counts only if nothing waits in this process.
    const isEmpty = data.length === 0 && this.#stream.writableLength === 0;
    // Unsolicited pongs are allowed (RFC 6455, 5.5.3) and confirm nothing.
    if (this.#ping === null || !(isEmpty || data.toString() === this.#ping.data)) return;
    this.#unconfirmed -= this.#ping.bytes;
    this.#ping = null;
    if (this.#unconfirmed >= PING_AT_BYTES && this.isOpen) this.#sendPing();
    this.#wake();
  }

  /** Lets waiting sends have the room, in order. */
  #wake(): void {
    while (this.#hasRoom && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  /** Answers a WebSocket ping, unless the peer does not read. */
  #onPing(data: Buffer): void {
    if (this.#isFlooding()) return;
    if (this.isOpen && this.#socket.bufferedAmount < WINDOW_BYTES) this.#socket.pong(data);
  }

  /** Answers a graphql-ws ping without its payload. At most one pong waits for the window. */
  async #sendProtocolPong(): Promise<void> {
    if (this.#isPongWaiting) return;
    this.#isPongWaiting = true;
    await this.#send('{"type":"pong"}');
    this.#isPongWaiting = false;
  }

  /** Disconnects a peer without a verified token that sends too many messages. */
  #isFlooding(): boolean {
    if (this.#isAcknowledged || ++this.#messagesBeforeAck <= MESSAGES_BEFORE_ACK) return false;
    this.#socket.terminate();
    return true;
  }

  #checkPeer(): void {
    const { pingMs, idleMs } = this.#options.timeouts;
    const now = performance.now();
    if (this.#ping !== null && now - this.#ping.at >= pingMs) {
      this.#socket.terminate();
      return;
    }
    if (this.#ping === null && this.isOpen) this.#sendPing();
    if (this.#operations.size > 0) this.#lastOperationAt = now;
    else if (now - this.#lastOperationAt >= idleMs) this.close(NORMAL, 'Idle timeout');
  }

  async #handle(data: RawData, handle: (text: string) => Promise<void>): Promise<void> {
    if (!this.isOpen || this.#isFlooding()) return;
    const { limits, log } = this.#options;
    const pending = Math.max(this.#handling, this.#waiting.length);
    if (pending >= (limits.operationsPerSocket ?? Infinity) + SPARE_MESSAGES) {
      this.close(POLICY_VIOLATION, 'Too many pending messages');
      return;
    }
    this.#handling += 1;
    const message: { operation: string | null } = { operation: null };
    try {
      this.#reading = message;
      const handled = handle((data as Buffer).toString());
      this.#reading = null;
      await handled;
    } catch (error) {
      if (isUnexpectedType(error)) this.close(CloseCode.BadRequest, 'Invalid message received');
      else {
        log.error({ err: error }, 'WebSocket message failed');
        this.close(CloseCode.InternalServerError, 'Internal server error');
      }
    } finally {
      this.#handling -= 1;
      if (message.operation !== null) this.#operations.delete(message.operation);
    }
  }
}

/** graphql-ws throws for a message type that only servers send. */
function isUnexpectedType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}
