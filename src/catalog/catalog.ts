import { BUILT_IN_GENERATORS, BUILT_IN_TRAINERS } from './built-in.ts';
import { createGenerator, generatorForm, type Generator, type GeneratorForm } from './generators.ts';
import { hasArtifact, type ArtifactColumns } from './artifact.ts';
import {
  createTrainer,
  mismatch,
  trainerForm,
  type TrainerName,
  type TrainerForm,
  type Trainer,
  type TrainingType,
} from './trainers.ts';

export type NamedForm = readonly [name: TrainerName, form: TrainerForm];

/** The trainers and generators of a deployment. */
export class Catalog {
  readonly trainers: readonly Trainer[];
  readonly #trainers: ReadonlyMap<string, Trainer>;
  readonly #generators: ReadonlyMap<string, Generator>;

  /** @throws if a row has no generator that fits it */
  constructor(trainers: readonly NamedForm[], generators: readonly GeneratorForm[]) {
    this.#generators = new Map(generators.map((form) => [form.endpoint, createGenerator(form)]));
    this.trainers = trainers.map(([name, form]) => {
      const generator = this.generator(form.generator);
      const problem = generator === null ? 'expected a generator of the catalog' : mismatch(form, generator);
      if (generator === null || problem !== null) throw new Error(`${name}: ${problem ?? ''}`);
      return createTrainer(name, form, generator);
    });
    this.#trainers = new Map(this.trainers.map((trainer) => [trainer.name, trainer]));
  }

  /** Null for a trainer of another version or deployment, which the database may still name. */
  trainer(name: string): Trainer | null {
    return this.#trainers.get(name) ?? null;
  }

  generator(endpoint: string): Generator | null {
    return this.#generators.get(endpoint) ?? null;
  }

  trainersFor(type: TrainingType): TrainerName[] {
    return this.trainers.filter(({ serves }) => serves.includes(type)).map(({ name }) => name);
  }
}

/** The rule for "ready": the avatar has an artifact, and this server has its trainer. */
export function isReady(avatar: ArtifactColumns, catalog: Catalog): boolean {
  return hasArtifact(avatar) && catalog.trainer(avatar.artifactTrainer) !== null;
}

/** A sentence for people; null if fal supports the trainer. */
export function deprecationNotice({ deprecated }: Pick<Trainer, 'deprecated'>): string | null {
  return deprecated && `${deprecated.note}; use the trainer ${deprecated.alternative} instead`;
}

export const BUILT_IN_FORMS = {
  trainers: Object.entries(BUILT_IN_TRAINERS).map(([name, form]): NamedForm => [
    name,
    trainerForm.parse(form),
  ]),
  generators: BUILT_IN_GENERATORS.map((form) => generatorForm.parse(form)),
} as const;

export const BUILT_IN = new Catalog(BUILT_IN_FORMS.trainers, BUILT_IN_FORMS.generators);
