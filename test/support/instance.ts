import { ask, shown, type Answer } from './graphql-call.ts';
import {
  AvatarByIdDocument,
  AvatarStatusDocument,
  CreateAvatarDocument,
  DeleteAvatarDocument,
  GenerateImageDocument,
  GenerationStatusDocument,
  StartTrainingDocument,
  type AvatarStatusSubscription,
  type AvatarStatusSubscriptionVariables,
  type GenerationStatusSubscription,
  type GenerationStatusSubscriptionVariables,
  type TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { overSse } from './watch-over-sse.ts';
import { overWs } from './watch-over-ws.ts';
import { photos } from './api-steps.ts';
import { Watch } from './watch.ts';
import type { AvatarRow, GenerationRow } from './test-app.ts';
import type { ServerProcess } from './server-process.ts';

export type Transport = 'ws' | 'sse';
export const TRANSPORTS = ['ws', 'sse'] as const;

/** One running server and what a client does with it. */
export class Instance {
  readonly server: ServerProcess;
  readonly port: number;
  readonly #watches: Watch<unknown>[] = [];
  #isKilled = false;

  constructor(server: ServerProcess) {
    this.server = server;
    this.port = Number(new URL(server.url).port);
  }

  /** The answer to an operation, whatever it is. */
  ask<R, V>(document: TypedDocumentString<R, V>, variables: NoInfer<V>): Promise<Answer<R>> {
    return ask<R, V>(this.server.graphqlUrl, document, variables);
  }

  /** The data of an operation that has to succeed. */
  async execute<R, V>(document: TypedDocumentString<R, V>, variables: NoInfer<V>): Promise<R> {
    const { status, text, data, errors } = await this.ask(document, variables);
    if (status === 200 && errors.length === 0 && data !== null) return data;
    throw new Error(`Refused.\n${shown({ query: document.toString(), variables }, status, text)}`);
  }

  /** @returns its id */
  async newAvatar(name = 'Ada'): Promise<string> {
    const input = { name, trainingType: 'PORTRAIT' } as const;
    const { createAvatar: made } = await this.execute(CreateAvatarDocument, { input });
    return 'avatar' in made ? made.avatar.id : refused(made);
  }

  async train(avatarId: string, imagesUrl = photos()): Promise<AvatarRow> {
    const input = { avatarId, imagesUrl };
    const { startTraining: started } = await this.execute(StartTrainingDocument, { input });
    return 'avatar' in started ? started.avatar : refused(started);
  }

  async generate(avatarId: string): Promise<GenerationRow> {
    const input = { avatarId, prompt: 'a portrait by the window' };
    const { generateImage: started } = await this.execute(GenerateImageDocument, { input });
    return 'generation' in started ? started.generation : refused(started);
  }

  async deleteAvatar(avatarId: string): Promise<void> {
    const { deleteAvatar: deleted } = await this.execute(DeleteAvatarDocument, { input: { avatarId } });
    if (!('deletedAvatarId' in deleted)) refused(deleted);
  }

  /** Null when there is none. */
  async avatar(id: string): Promise<AvatarRow | null> {
    return (await this.execute(AvatarByIdDocument, { id })).avatar;
  }

  watchAvatar(over: Transport, variables: AvatarStatusSubscriptionVariables): Watch<AvatarRow> {
    return this.#watch(
      over,
      AvatarStatusDocument,
      variables,
      (data) => (data as AvatarStatusSubscription).avatarStatus,
    );
  }

  watchGeneration(over: Transport, variables: GenerationStatusSubscriptionVariables): Watch<GenerationRow> {
    return this.#watch(
      over,
      GenerationStatusDocument,
      variables,
      (data) => (data as GenerationStatusSubscription).generationStatus,
    );
  }

  #watch<R, V, Row>(
    over: Transport,
    document: TypedDocumentString<R, V>,
    variables: V,
    rowOf: (data: unknown) => Row,
  ): Watch<Row> {
    const call = { query: document.toString(), variables };
    const transport = (over === 'sse' ? overSse : overWs)(this.server.graphqlUrl, call);
    const watch = new Watch(`${over} at ${this.port} ${JSON.stringify(variables)}`, transport, rowOf);
    this.#watches.push(watch);
    return watch;
  }

  /** The status of /readyz and what it says. */
  async readiness(): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(`${this.server.url}/readyz`);
    return { status: answer.status, body: await answer.json() };
  }

  /** How many lines of its log fit. */
  logged(message: string, fields: Readonly<Record<string, unknown>> = {}): number {
    return this.server.log.filter(
      (line) => line.msg === message && Object.entries(fields).every(([name, value]) => line[name] === value),
    ).length;
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    await this.server.kill();
  }

  /** Throws when it ended by itself, or a fault of its own was printed. */
  async close(): Promise<void> {
    const ending = this.#isKilled ? null : await Promise.race([this.server.ended, Promise.resolve(null)]);
    await Promise.all(this.#watches.map((watch) => watch.stop()));
    await this.server.kill();
    const { log, printed } = this.server;
    const bad = log.filter(({ level }) => level === 'fatal').map((line) => JSON.stringify(line));
    if (/warning|unhandled|^\s+at /im.test(printed())) bad.push(printed());
    if (ending !== null) bad.push(`It ended by itself: ${JSON.stringify(ending)}`);
    if (bad.length > 0) throw new Error(`The instance at ${this.server.url}:\n${bad.join('\n')}`);
  }
}

function refused(result: object): never {
  throw new Error(`Refused: ${JSON.stringify(result)}`);
}
