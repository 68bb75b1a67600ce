import { CloseCode, type Server as Protocol } from 'graphql-ws';
import type { Log } from '../log/log.ts';
import type { Timeouts } from './timeouts.ts';
import type { RawData, WebSocket } from 'ws';

/** In bytes: what is sent and not known to be read. Beyond it the next message waits. */
const WINDOW_BYTES = 64_000;
/** From here on the peer is asked whether it has read so far. */
const ASK_AT_BYTES = WINDOW_BYTES / 4;
/** For what is not an operation: rejections, answers to pings. */
const SPARE_MESSAGES = 100;
/** Messages and pings before anybody has signed in: one is needed. */
const MESSAGES_BEFORE_SIGN_IN = 20;
/** In characters. Clients use UUIDs; every message of the operation repeats it. */
const MAX_ID_LENGTH = 128;
/** In bytes (RFC 6455, 5.5): a control frame has 125, two of them for the code. */
const MAX_REASON_BYTES = 123;
const NORMAL = 1000;
const POLICY_VIOLATION = 1008;

export type WsConnectionOptions = {
  readonly timeouts: Timeouts;
  /** Operations under way at most; null: no limit. */
  readonly maxOperations: number | null;
  readonly log: Log;
};

/**
 * One WebSocket, as graphql-ws wants to see it. Every ping is also the question how far the peer has read: what lies
 * unread in buffers on the way is kept to WINDOW_BYTES, so that a reader that fell behind has little old news to get
 * through before the newest, and costs no memory. A peer that answers no ping is ended.
 */
export class WsConnection {
  readonly #socket: WebSocket;
  readonly #options: WsConnectionOptions;
  /** Bytes sent that no pong has confirmed. */
  #unread = 0;
  /** The ping that is not answered yet, what its answer has to say, and how much that confirms. */
  #ping: { readonly at: number; readonly data: string; readonly bytes: number } | null = null;
  #pings = 0;
  #onRead: (() => void)[] = [];
  /** Messages that are being handled; an operation is one until its last word is sent. */
  #handling = 0;
  #lastOperationAt = performance.now();
  /** Ids of the operations under way, until the last word of each is sent. */
  readonly #operations = new Set<string>();
  /** The message that is being handed over, and the operation that it began. */
  #reading: { operation: string | null } | null = null;
  #isAcknowledged = false;
  #messagesBefore = 0;
  #pongWaits = false;

  constructor(socket: WebSocket, options: WsConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('error', (error) => options.log.debug({ err: error }, 'WebSocket error'));
    socket.on('pong', (data) => this.#answered(data));
    socket.on('ping', (data) => this.#answer(data));
    const looking = setInterval(() => this.#look(), options.timeouts.pingMs);
    socket.once('close', () => {
      clearInterval(looking);
      this.#wake();
    });
  }

  /** Hands the socket to the protocol. */
  serve<Extra>(protocol: Protocol<Extra>, extra: Extra): void {
    const socket = this.#socket;
    const { log } = this.#options;
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => this.#send(text),
        close: (code = NORMAL, reason = '') => this.close(code, reason),
        onMessage: (handle) => socket.on('message', (data) => void this.#handle(data, handle)),
        // One answer waits at most: whoever pings without reading gets the last one.
        onPing: () => this.#pong(),
      },
      extra,
    );
    socket.once('close', (code, reason) => {
      closed(code, String(reason)).catch((error: unknown) => {
        log.error({ err: error }, 'WebSocket cleanup failed');
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Somebody has signed in. */
  acknowledge(): void {
    this.#isAcknowledged = true;
  }

  /** How many operations are under way. */
  get operations(): number {
    return this.#operations.size;
  }

  /**
   * An operation begins. To be called while its message is handed over, before anything is awaited. False, and the
   * socket is closed, for an id that is too long or belongs to an operation that is still under way: graphql-ws forgets
   * the first of two with one id as soon as the client completes it, and when that one ends, the second.
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

  /** Says why, and leaves at the latest after the WebSocketServer's closeTimeout. Safe to call again. */
  close(code: number, reason: string): void {
    // graphql-ws quotes ids in reasons; a longer one would throw.
    const bytes = new TextEncoder().encode(reason).subarray(0, MAX_REASON_BYTES);
    // What is cut in the middle of a character is left out.
    this.#socket.close(code, new TextDecoder().decode(bytes, { stream: true }));
    this.#wake();
  }

  async #send(text: string): Promise<void> {
    while (this.isOpen && this.#unread >= WINDOW_BYTES) {
      await new Promise<void>((resolve) => this.#onRead.push(resolve));
    }
    if (!this.isOpen) return;
    this.#unread += Buffer.byteLength(text);
    const written = new Promise<void>((resolve) => this.#socket.send(text, () => resolve()));
    if (this.#ping === null && this.#unread >= ASK_AT_BYTES) this.#ask();
    await written;
  }

  #ask(): void {
    const data = String(++this.#pings);
    this.#ping = { at: performance.now(), data, bytes: this.#unread };
    this.#socket.ping(data);
  }

  #answered(data: Buffer): void {
    // Peers may send pongs that nobody asked for (RFC 6455, 5.5.3); those say nothing of what was read.
    if (data.toString() !== this.#ping?.data) return;
    this.#unread -= this.#ping.bytes;
    this.#ping = null;
    if (this.#unread >= ASK_AT_BYTES && this.isOpen) this.#ask();
    this.#wake();
  }

  /** All that wait look again, in the order in which they came. */
  #wake(): void {
    for (const look of this.#onRead.splice(0)) look();
  }

  /** To a ping of WebSocket itself. What is still in the buffer answers it already. */
  #answer(data: Buffer): void {
    if (this.#isTooMuchBefore()) return;
    if (this.isOpen && this.#socket.bufferedAmount < WINDOW_BYTES) this.#socket.pong(data);
  }

  /** Without the ping's payload, which is optional in both and may be anything. */
  async #pong(): Promise<void> {
    if (this.#pongWaits) return;
    this.#pongWaits = true;
    await this.#send('{"type":"pong"}');
    this.#pongWaits = false;
  }

  /** True, and the socket is closed, when strangers send more than it takes to sign in. */
  #isTooMuchBefore(): boolean {
    if (this.#isAcknowledged || ++this.#messagesBefore <= MESSAGES_BEFORE_SIGN_IN) return false;
    this.#socket.terminate();
    return true;
  }

  #look(): void {
    const { pingMs, idleMs } = this.#options.timeouts;
    const now = performance.now();
    if (this.#ping === null) {
      if (this.isOpen) this.#ask();
    } else if (now - this.#ping.at >= pingMs) {
      this.#socket.terminate();
      return;
    }
    if (this.#operations.size > 0) this.#lastOperationAt = now;
    else if (now - this.#lastOperationAt >= idleMs) this.close(NORMAL, 'Idle timeout');
  }

  async #handle(data: RawData, handle: (text: string) => Promise<void>): Promise<void> {
    if (!this.isOpen || this.#isTooMuchBefore()) return;
    const { maxOperations, log } = this.#options;
    if (maxOperations !== null && this.#handling >= maxOperations + SPARE_MESSAGES) {
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
      if (isAnswerOfAServer(error)) {
        this.close(CloseCode.BadRequest, 'Invalid message received');
      } else {
        log.error({ err: error }, 'WebSocket message failed');
        this.close(CloseCode.InternalServerError, 'Internal server error');
      }
    } finally {
      this.#handling -= 1;
      if (message.operation !== null) this.#operations.delete(message.operation);
    }
  }
}

/** True for a message that only servers send: graphql-ws throws what it cannot place. */
function isAnswerOfAServer(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}
