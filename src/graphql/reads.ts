import type { Avatar, Generation, Job } from '../generated/prisma/client.ts';
import type { Json } from '../values/json.ts';

/** A part of a list whose newest row comes first. */
export type PageOfRows = {
  /** In rows. */
  readonly limit: number;
  /** Only rows older than the one with this id … */
  readonly after: string | null;
  /** … and newer than the one with this id. */
  readonly before: string | null;
  /** Counts the limit from the oldest row. */
  readonly fromEnd: boolean;
};

/** A longer list is not counted to its end. */
export const MAX_COUNT = 10_000;

export type AvatarFilter = {
  readonly status?: Avatar['status'];
  readonly trainingType?: Avatar['trainingType'];
  readonly externalId?: string;
  readonly tag?: string;
};

type GenerationFilter = {
  readonly avatarId?: string;
  readonly status?: Generation['status'];
};

/** With its tags, sorted. */
export type AvatarRow = Avatar & { readonly tags: readonly string[] };

/** The state of the copy of a file. */
export type CopiedFile = {
  readonly position: number;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
};

/** With the input that fal was sent, which is in the generation's job, and the images that were copied. */
export type GenerationRow = Generation & { readonly input: Json; readonly files: readonly CopiedFile[] };

/** A job that trains. */
export type TrainingRow = Job & {
  /** 1 for the avatar's first. */
  readonly attempt: number;
  /** Whether its artifact is the avatar's. */
  readonly isCurrent: boolean;
  /** Files of its artifact that were copied. */
  readonly files: readonly CopiedFile[];
};

/**
 * How the API reads rows. A row has the requested columns, and those that other calls of the same time request. Callers
 * share it and must not change it. Times are text as the API sends it, which only the scalar DateTime reads: parsing and
 * printing a list's times takes a quarter of its CPU.
 */
export type RowReads = {
  /** The owner's avatar; null when there is none. */
  avatar(ownerId: string, id: string, columns: readonly (keyof AvatarRow)[]): Promise<AvatarRow | null>;
  /** The owner's generation; null when there is none. */
  generation(
    ownerId: string,
    id: string,
    columns: readonly (keyof GenerationRow)[],
  ): Promise<GenerationRow | null>;
  /** The owner's training, of an avatar that is not deleted; null when there is none, or fal refused it. */
  training(ownerId: string, id: string, columns: readonly (keyof TrainingRow)[]): Promise<TrainingRow | null>;
  avatarsOf(
    ownerId: string,
    page: PageOfRows,
    columns: readonly (keyof AvatarRow)[],
    filter?: AvatarFilter,
  ): Promise<readonly AvatarRow[]>;
  /** At most MAX_COUNT, like the other counts. */
  countAvatarsOf(ownerId: string, filter?: AvatarFilter): Promise<number>;
  generationsOf(
    avatarId: string,
    page: PageOfRows,
    columns: readonly (keyof GenerationRow)[],
  ): Promise<readonly GenerationRow[]>;
  countGenerationsOf(avatarId: string): Promise<number>;
  generationsOfOwner(
    ownerId: string,
    page: PageOfRows,
    columns: readonly (keyof GenerationRow)[],
    filter?: GenerationFilter,
  ): Promise<readonly GenerationRow[]>;
  countGenerationsOfOwner(ownerId: string, filter?: GenerationFilter): Promise<number>;
  trainingsOf(
    avatarId: string,
    page: PageOfRows,
    columns: readonly (keyof TrainingRow)[],
  ): Promise<readonly TrainingRow[]>;
};

/** The runs of one day at one endpoint. */
export type UsageRow = {
  /** As `2026-11-23`. */
  readonly day: string;
  readonly endpoint: string;
  readonly runs: number;
  readonly images: number;
  readonly billableUnits: number | null;
  readonly billedRuns: number;
  /** A whole number of millionths of a US dollar. */
  readonly microUsd: number;
  readonly unknownRuns: number;
};

export type UsageReads = {
  usageOf(
    ownerId: string,
    time: { readonly from: Date; readonly before: Date },
    limit: number,
  ): Promise<readonly UsageRow[]>;
};
