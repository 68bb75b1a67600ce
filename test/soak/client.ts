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
import { observe, type AnyRow } from './observed-row.ts';
import { ApiClient } from '../support/api-client.ts';
import { idsIn, type History, type Operation } from './history.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

/** The pause after a refused connection. */
const UNREACHED_MS = 100;
/** Longer than any answer takes: a submit waits 30 s for fal, and its repeats wait for it. */
const ANSWER_MS = 60_000;

type Refusal = { readonly code: string };

/** How a call ended; undefined: unknown. */
export type Outcome = { readonly row: AnyRow | null } | { readonly refused: string } | undefined;

/** Calls the API for one tenant and records how each call ends. */
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
      'avatar' in startTraining ? { row: startTraining.avatar } : refusalIn(startTraining),
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
      'generation' in generateImage ? { row: generateImage.generation } : refusalIn(generateImage),
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

  /** Reads an avatar or a generation. */
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
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      const { data, errors, status, text } = await new ApiClient(url, this.#token).ask(document, variables, {
        signal,
      });
      if (data === null || errors.length > 0) throw new Error(`HTTP ${status} ${JSON.stringify(errors)}`);
      const [ids, result] = [idsIn(text), read(data)];
      if (!('row' in result)) {
        this.#history.add({ kind: 'fail', call: number, code: result.code, ids });
        return { refused: result.code };
      }
      const row = result.row === null ? null : observe(result.row);
      this.#history.add({ kind: 'ok', call: number, row, ids });
      return { row: result.row };
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== 'ECONNREFUSED') {
        this.#history.add({ kind: 'info', call: number, why: code ?? String(error) });
        return undefined;
      }
      this.#history.add({ kind: 'fail', call: number, code: 'UNREACHED', ids: [] });
      await pause(UNREACHED_MS);
      return { refused: 'UNREACHED' };
    }
  }
}

function refusalIn<T extends object>(result: T): Extract<T, Refusal> {
  if ('code' in result) return result as Extract<T, Refusal>;
  throw new Error(`Neither a row nor a refusal: ${JSON.stringify(result)}`);
}
