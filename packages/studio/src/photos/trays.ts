import type { Fetch, LikenessClient, UploadedPhoto } from '@likeness/client';
import { Observable } from '../live/observable.ts';
import { onThisOrigin, sendFile } from './send-file.ts';
import type { Library } from '../live/library.ts';

/** A file on its way to the server. */
export type Upload = {
  readonly key: number;
  readonly file: File;
  readonly caption: string | undefined;
  /** Address of the file on this machine. */
  readonly preview: string;
  readonly sentBytes: number;
  readonly result: UploadedPhoto | null;
};

export type Tray = {
  readonly uploads: readonly Upload[];
  /** Why the last call was refused. */
  readonly failure: Error | null;
};

export type Captioned = { readonly file: File; readonly caption?: string | undefined };

const EMPTY: Tray = { uploads: [], failure: null };
const MAX_BYTES = 20 * 1024 * 1024;
/** Of an avatar, and of a call; refused ones do not count. */
export const MAX_PHOTOS = 60;
const TOO_MANY = `An avatar has at most ${MAX_PHOTOS} photos. Remove some first.`;
const MAX_NAME = 200;

/** The uploads of all avatars. They continue while another page is open. */
export class Trays extends Observable<ReadonlyMap<string, Tray>> {
  readonly #sent = new Map<File, (bytes: number) => void>();
  /** By the id of the photo. */
  readonly #previews = new Map<string, string>();
  readonly #queues = new Map<string, Promise<void>>();
  #keys = 0;
  #client: LikenessClient | null = null;
  #library: Library | null = null;

  constructor() {
    super(new Map());
  }

  use(client: LikenessClient, library: Library): void {
    this.#client = client;
    this.#library = library;
  }

  /** The client's `fetch`: it sends uploads to this origin, and reports the bytes sent. */
  readonly fetch: Fetch = (url, init) => {
    const { body, method, signal = null } = init;
    if (method !== 'PUT' || !(body instanceof File)) return fetch(url, init);
    return sendFile(onThisOrigin(url), body, {
      signal,
      onSent: (bytes) => this.#sent.get(body)?.(bytes),
    });
  };

  of(avatarId: string): Tray {
    return this.get().get(avatarId) ?? EMPTY;
  }

  /** Address of a photo on this machine; null after a reload. */
  previewOf(photoId: string): string | null {
    return this.#previews.get(photoId) ?? null;
  }

  get isSending(): boolean {
    return [...this.get().values()].some(({ uploads }) => uploads.some(({ result }) => result === null));
  }

  /** Files beyond `room`, the number of photos that the avatar may still have, are not sent. */
  add(avatarId: string, files: readonly Captioned[], room = MAX_PHOTOS): void {
    let left = room;
    const uploads = distinctNames(files).map(({ file, caption }) => ({
      key: ++this.#keys,
      file,
      caption,
      preview: URL.createObjectURL(file),
      sentBytes: 0,
      result: refusedHere(file) ?? (left-- > 0 ? null : refused(file, TOO_MANY)),
    }));
    this.#change(avatarId, (tray) => ({ uploads: [...tray.uploads, ...uploads], failure: null }));
    this.#send(
      avatarId,
      uploads.filter(({ result }) => result === null),
    );
  }

  /** Repeats a failed upload. */
  repeat(avatarId: string, upload: Upload): void {
    this.remove(avatarId, upload);
    this.add(avatarId, [upload]);
  }

  remove(avatarId: string, { key }: Pick<Upload, 'key'>): void {
    this.#change(avatarId, (tray) => ({ ...tray, uploads: tray.uploads.filter((each) => each.key !== key) }));
  }

  dismissFailure(avatarId: string): void {
    this.#change(avatarId, (tray) => ({ ...tray, failure: null }));
  }

  /** Removes uploads whose photos are in the set. */
  forgetArrived(avatarId: string, isInSet: (photoId: string) => boolean): void {
    const { uploads } = this.of(avatarId);
    const arrived = uploads.filter(({ result }) => result !== null && isInSet(result.photoId));
    for (const upload of arrived) this.remove(avatarId, upload);
  }

  #send(avatarId: string, uploads: readonly Upload[]): void {
    for (let start = 0; start < uploads.length; start += MAX_PHOTOS) {
      const batch = uploads.slice(start, start + MAX_PHOTOS);
      const before = this.#queues.get(avatarId) ?? Promise.resolve();
      this.#queues.set(
        avatarId,
        before.then(() => this.#sendBatch(avatarId, batch)),
      );
    }
  }

  async #sendBatch(avatarId: string, batch: readonly Upload[]): Promise<void> {
    const client = this.#client;
    const library = this.#library;
    if (client === null || library === null) return;
    const byName = new Map(batch.map((upload) => [upload.file.name, upload]));
    const captions = new Map(batch.map(({ file, caption }) => [file.name, caption]));
    for (const { file, key } of batch) {
      this.#sent.set(file, (sentBytes) => this.#changeUpload(avatarId, key, { sentBytes }));
    }
    try {
      await library.call(() =>
        client.uploadPhotos(
          avatarId,
          batch.map(({ file }) => file),
          {
            captionOf: ({ name }) => captions.get(name),
            onProgress: ({ photos }) => {
              for (const photo of photos) {
                const upload = byName.get(photo.name);
                if (upload === undefined) continue;
                this.#previews.set(photo.photoId, upload.preview);
                this.#changeUpload(avatarId, upload.key, { result: photo, sentBytes: upload.file.size });
              }
            },
          },
        ),
      );
    } catch (failure) {
      const keys = new Set(batch.map(({ key }) => key));
      this.#change(avatarId, (tray) => ({
        uploads: tray.uploads.filter(({ key, result }) => result !== null || !keys.has(key)),
        failure: failure as Error,
      }));
    } finally {
      for (const { file } of batch) this.#sent.delete(file);
    }
  }

  #changeUpload(avatarId: string, key: number, change: Partial<Upload>): void {
    this.#change(avatarId, (tray) => ({
      ...tray,
      uploads: tray.uploads.map((upload) => (upload.key === key ? { ...upload, ...change } : upload)),
    }));
  }

  #change(avatarId: string, change: (tray: Tray) => Tray): void {
    this.set(new Map(this.get()).set(avatarId, change(this.of(avatarId))));
  }
}

/** The server distinguishes the files of one call by their names. */
function distinctNames(files: readonly Captioned[]): Captioned[] {
  const names = new Set<string>();
  return files.map(({ file, caption }) => {
    let name = file.name.slice(-MAX_NAME);
    for (let number = 2; names.has(name); number++) {
      const ending = /\.\w{1,5}$/.exec(file.name)?.[0] ?? '';
      const stem = file.name.slice(0, file.name.length - ending.length);
      name = `${stem.slice(-MAX_NAME + 20)} (${number})${ending}`;
    }
    names.add(name);
    return { caption, file: name === file.name ? file : new File([file], name, { type: file.type }) };
  });
}

/** A refusal here: the server would refuse all files of the call with this one. */
function refusedHere(file: File): UploadedPhoto | null {
  const message =
    file.size === 0
      ? 'The file is empty.'
      : file.size > MAX_BYTES
        ? 'The file is larger than 20 MB. Export it smaller.'
        : null;
  return message === null ? null : refused(file, message);
}

function refused({ name }: File, message: string): UploadedPhoto {
  return { name, photoId: '', state: 'REFUSED', code: 'INVALID_INPUT', message, warnings: [] };
}
