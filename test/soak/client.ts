import {
  AvatarByIdDocument,
  CancelTrainingDocument,
  CreateAvatarDocument,
  DeleteAvatarDocument,
  GenerateImageDocument,
  GenerationByIdDocument,
  StartTrainingDocument,
  type TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { call, type Reply } from './api.ts';
import { seenRow, type AnyRow } from './seen-row.ts';
import type { History, Operation } from './history.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

/** Before a client does anything more that found nobody. */
const UNREACHED_MS = 100;

type Refusal = { readonly code: string };

/** How a call ended, for whoever made it; undefined where nobody knows. */
export type Outcome = { readonly row: AnyRow | null } | { readonly refused: string } | undefined;

/** Calls the service for one tenant and takes down how each call ends. */
export class Client {
  readonly #history: History;
  readonly #tenant: string;
  readonly #token: string;

  constructor(history: History, tenant: string, token: string) {
    this.#history = history;
    this.#tenant = tenant;
    this.#token = token;
  }

  create(url: string, isStyle: boolean): Promise<Outcome> {
    const input = { name: 'Ada', trainingType: isStyle ? 'STYLE' : 'PORTRAIT' } as const;
    return this.#perform(url, { kind: 'create' }, CreateAvatarDocument, { input }, ({ createAvatar }) =>
      'avatar' in createAvatar ? { row: createAvatar.avatar } : createAvatar,
    );
  }

  train(url: string, avatarId: string, how: { key: string; scenarios: readonly ScenarioName[] }) {
    const { key, scenarios } = how;
    const imagesUrl = `https://photos.example/a.zip?key=${key}&scenario=${scenarios.join(',')}`;
    const input = { avatarId, imagesUrl, idempotencyKey: key };
    const operation = { kind: 'train', avatarId, key } as const;
    return this.#perform(url, operation, StartTrainingDocument, { input }, ({ startTraining }) =>
      'avatar' in startTraining ? { row: startTraining.avatar } : startTraining,
    );
  }

  generate(
    url: string,
    avatarId: string,
    how: { key: string; scenarios: readonly ScenarioName[]; images: number },
  ) {
    const { key, scenarios, images: numImages } = how;
    const bent = scenarios.length === 0 ? '' : ` [[${scenarios.join(',')}]]`;
    const input = { avatarId, prompt: `at dawn, key=${key}${bent}`, numImages, idempotencyKey: key };
    const operation = { kind: 'generate', avatarId, key } as const;
    return this.#perform(url, operation, GenerateImageDocument, { input }, ({ generateImage }) =>
      'generation' in generateImage ? { row: generateImage.generation } : generateImage,
    );
  }

  cancel(url: string, avatarId: string): Promise<Outcome> {
    const input = { avatarId };
    return this.#perform(url, { kind: 'cancel', avatarId }, CancelTrainingDocument, { input }, (data) =>
      'avatar' in data.cancelTraining ? { row: data.cancelTraining.avatar } : data.cancelTraining,
    );
  }

  delete(url: string, avatarId: string): Promise<Outcome> {
    const input = { avatarId };
    return this.#perform(url, { kind: 'delete', avatarId }, DeleteAvatarDocument, { input }, (data) =>
      'deletedAvatarId' in data.deleteAvatar ? { row: null } : data.deleteAvatar,
    );
  }

  /** Of an avatar or a generation. */
  read(url: string, id: string): Promise<Outcome> {
    const operation = { kind: 'read', id } as const;
    return id.startsWith('gen_')
      ? this.#perform(url, operation, GenerationByIdDocument, { id }, ({ generation: row }) => ({ row }))
      : this.#perform(url, operation, AvatarByIdDocument, { id }, ({ avatar: row }) => ({ row }));
  }

  async #perform<R, V>(
    url: string,
    operation: Operation,
    document: TypedDocumentString<R, V>,
    variables: NoInfer<V>,
    read: (data: R) => { readonly row: AnyRow | null } | Refusal,
  ): Promise<Outcome> {
    const number = this.#history.invoke(this.#tenant, operation);
    const reply: Reply<R> = await call(url, this.#token, { document, variables });
    switch (reply.kind) {
      case 'unsent':
        this.#history.add({ kind: 'fail', call: number, code: 'UNREACHED', ids: [] });
        await pause(UNREACHED_MS);
        return { refused: 'UNREACHED' };
      case 'unknown':
        this.#history.add({ kind: 'info', call: number, why: reply.why });
        return undefined;
      case 'answer': {
        const { ids } = reply;
        const result = read(reply.data);
        if (!('row' in result)) {
          this.#history.add({ kind: 'fail', call: number, code: result.code, ids });
          return { refused: result.code };
        }
        const row = result.row === null ? null : seenRow(result.row);
        this.#history.add({ kind: 'ok', call: number, row, ids });
        return { row: result.row };
      }
    }
  }
}
