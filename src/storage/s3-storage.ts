import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
  Upload,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from './s3-sdk.ts';
import {
  isKey,
  requireKey,
  StorageFullError,
  StorageUnavailableError,
  type FilePart,
  type FileStorage,
  type StoredFile,
} from './file-storage.ts';
import { Semaphore } from '../async/semaphore.ts';
import { timeLimit } from '../async/time-limit.ts';
import { MB } from '../values/units.ts';

export type Bucket = {
  readonly name: string;
  readonly region: string;
  /** The address of the server; null: Amazon's. */
  readonly endpoint: string | null;
  /** The name is in the path of URLs, and not in the host. */
  readonly isNameInPath: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** In front of all keys; empty or ends with a slash. */
  readonly prefix: string;
};

export type S3Timing = {
  readonly connectMs: number;
  /** From the start of a request, which has a part of a file at most, to the start of its response. */
  readonly requestMs: number;
  /** Without a byte in either direction, also because the reader of a file is slow. */
  readonly silenceMs: number;
  /** Of a call that sends no content, with all of its attempts. */
  readonly callMs: number;
};

const TIMING: S3Timing = { connectMs: 5000, requestMs: 60_000, silenceMs: 60_000, callMs: 15_000 };

/** After network faults, and after responses that ask for another attempt. */
const ATTEMPTS = 3;
/** The least that S3 allows. A put holds one part in memory. */
const PART_BYTES = 5 * MB;
/** Under way at the same time; others wait, and hold nothing in memory. */
const PUTS = 8;

/** More than the downloads, puts and calls of a server: a slow reader holds one, and nobody may wait for it. */
const CONNECTIONS = 1000;

/** Files in a bucket of Amazon S3, or of a storage that speaks its protocol. */
export class S3Storage implements FileStorage {
  readonly #bucket: Bucket;
  readonly #timing: S3Timing;
  readonly #client: S3Client;
  readonly #puts = new Semaphore(PUTS);

  constructor(bucket: Bucket, timing = TIMING) {
    const { region, endpoint, isNameInPath, accessKeyId, secretAccessKey } = bucket;
    this.#bucket = bucket;
    this.#timing = timing;
    this.#client = new S3Client({
      region,
      ...(endpoint === null ? {} : { endpoint }),
      forcePathStyle: isNameInPath,
      credentials: { accessKeyId, secretAccessKey },
      retryMode: 'standard',
      maxAttempts: ATTEMPTS,
      requestHandler: {
        connectionTimeout: timing.connectMs,
        requestTimeout: timing.requestMs,
        throwOnRequestTimeout: true,
        socketTimeout: timing.silenceMs,
        httpAgent: { maxSockets: CONNECTIONS },
        httpsAgent: { maxSockets: CONNECTIONS },
      },
      // Storages that are not Amazon's refuse the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  async put(key: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const target = this.#target(key);
    await this.#puts.run(async () => {
      const body = Readable.from(content, { objectMode: false });
      const faults: Error[] = [];
      body.once('error', (error) => faults.push(error));
      // One request for a file of one part. After a fault it removes the parts that it has sent.
      const upload = new Upload({
        client: this.#client,
        params: { ...target, Body: body },
        partSize: PART_BYTES,
        queueSize: 1,
      });
      try {
        await upload.done();
      } catch (error) {
        throw faults.includes(error as Error) ? error : this.#problem(error);
      } finally {
        body.destroy();
      }
    });
  }

  async read(key: string, part?: FilePart): Promise<AsyncIterable<Uint8Array> | null> {
    const Range = part && `bytes=${part.first}-${part.last}`;
    const request = new GetObjectCommand({ ...this.#target(key), Range });
    const found = await this.#call((abortSignal) => this.#client.send(request, { abortSignal }));
    return found === null ? null : this.#chunks(found.Body as Readable);
  }

  async size(key: string): Promise<number | null> {
    const target = this.#target(key);
    const request = new HeadObjectCommand(target);
    const found = await this.#call((abortSignal) => this.#client.send(request, { abortSignal }));
    // It has no body, so that a missing bucket looks like a missing file.
    if (found === null) await this.#list({ Prefix: target.Key, MaxKeys: 1 });
    return found?.ContentLength ?? null;
  }

  async delete(key: string): Promise<void> {
    const request = new DeleteObjectCommand(this.#target(key));
    await this.#call((abortSignal) => this.#client.send(request, { abortSignal }));
  }

  async *list(prefix: string): AsyncIterable<StoredFile> {
    if (prefix !== '') requireKey(prefix.replace(/\/$/, ''));
    const { prefix: outer } = this.#bucket;
    let after: string | undefined;
    do {
      const page = await this.#list({ Prefix: outer + prefix, ContinuationToken: after });
      for (const { Key: path = '', LastModified: storedAt } of page.Contents ?? []) {
        const key = path.slice(outer.length);
        // A bucket may have files of others.
        if (isKey(key) && storedAt !== undefined) yield { key, storedAt };
      }
      after = page.NextContinuationToken;
    } while (after !== undefined);
  }

  /** @throws StorageUnavailableError if there is no such bucket */
  async #list(of: Omit<ListObjectsV2CommandInput, 'Bucket'>): Promise<ListObjectsV2CommandOutput> {
    const { name } = this.#bucket;
    const request = new ListObjectsV2Command({ Bucket: name, ...of });
    const page = await this.#call((abortSignal) => this.#client.send(request, { abortSignal }));
    if (page === null) throw new StorageUnavailableError(`The bucket ${name} cannot be listed: not found.`);
    return page;
  }

  #target(key: string): { readonly Bucket: string; readonly Key: string } {
    requireKey(key);
    return { Bucket: this.#bucket.name, Key: this.#bucket.prefix + key };
  }

  /** Null when there is no such file. */
  async #call<T>(send: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const limit = timeLimit(this.#timing.callMs, undefined);
    try {
      return await send(limit.signal);
    } catch (error) {
      if (error instanceof S3ServiceException && MISSING.has(error.name)) return null;
      throw this.#problem(error);
    } finally {
      limit.end();
    }
  }

  async *#chunks(body: Readable): AsyncIterable<Uint8Array> {
    try {
      yield* body as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.#problem(error);
    }
  }

  /** Has the code of an error only: the error itself may quote the signed request. */
  #problem(error: unknown): Error {
    const { name } = this.#bucket;
    if (!(error instanceof S3ServiceException))
      return new StorageUnavailableError(`The bucket ${name} cannot be reached: ${codeOf(error)}.`);
    const status = error.$metadata.httpStatusCode;
    const response = `${error.name} (HTTP status ${status ?? 'unknown'})`;
    if (status === 507 || FULL.test(error.name))
      return new StorageFullError(`The bucket ${name} is full: ${response}.`);
    const advice = ADVICE.get(error.name) ?? (status === 403 ? ADVICE_ON_RIGHTS : '');
    return new StorageUnavailableError(`The bucket ${name} refused the request: ${response}.${advice}`);
  }
}

/** A response without a body, to a request for the size, is NotFound. */
const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound']);

/** Amazon has no such error; Ceph, MinIO and others have names of their own. */
const FULL = /quota|StorageFull|InsufficientStorage|NotEnoughSpace/i;

const ADVICE_ON_RIGHTS =
  ' The key needs the right to list the bucket, and to read, write and delete its files.';

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['InvalidAccessKeyId', ' Check S3_ACCESS_KEY_ID.'],
  ['SignatureDoesNotMatch', ' Check S3_SECRET_ACCESS_KEY and S3_REGION.'],
  ['AuthorizationHeaderMalformed', ' Check S3_REGION.'],
  ['PermanentRedirect', ' Check S3_REGION and S3_ENDPOINT.'],
  ['NoSuchBucket', ' Check S3_BUCKET; this server creates no bucket.'],
  ['RequestTimeTooSkewed', ' Check the clock of this machine.'],
]);

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
