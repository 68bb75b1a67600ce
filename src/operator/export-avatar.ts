import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactFilesOf, otherLoraUrlsIn, type Artifact } from '../catalog/artifact.ts';
import { CommandError, print } from '../cli/command.ts';
import { downloadFiles } from './download-files.ts';
import { isId } from '../jobs/ids.ts';
import type { OperatorServices } from './services.ts';

const QUEUE_URL = 'https://queue.fal.run';

/** The exported columns of a job, without its callback token and fal's URLs, which are useless elsewhere. */
const JOB = {
  id: true,
  kind: true,
  generationId: true,
  trainer: true,
  endpoint: true,
  input: true,
  state: true,
  falRequestId: true,
  artifact: true,
  errorCode: true,
  errorMessage: true,
  estimatedMicroUsd: true,
  billableUnits: true,
  createdAt: true,
  submittedAt: true,
  settledAt: true,
} as const;

/** Writes the rows of an avatar, its files, and requests that generate its images again at fal, into a new folder. */
export async function exportAvatar(
  { database: { prisma }, importOrigins, openFiles }: OperatorServices,
  id: string,
  folder: string,
): Promise<void> {
  const avatar = isId(id)
    ? await prisma.avatar.findUnique({
        where: { id },
        include: {
          tags: { select: { tag: true } },
          generations: { orderBy: { id: 'asc' } },
          jobs: { orderBy: { id: 'asc' }, select: JOB },
        },
      })
    : null;
  if (avatar === null) throw new CommandError(`There is no avatar ${JSON.stringify(id)}`);
  const { generations, jobs, tags, ...row } = avatar;
  await mkdir(folder).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The folder cannot be made; an export replaces nothing. ${reason}`);
  });
  const rows = { avatar: { ...row, tags: tags.map(({ tag }) => tag) }, generations, jobs };
  await write('avatar.json', `${JSON.stringify(rows, exact, 2)}\n`);
  const generated = jobs.filter(({ kind }) => kind === 'GENERATION');
  await write('generate.sh', scriptOf(generated));
  const files = filesOf(rows);
  const copies = await prisma.resultFile.findMany({ where: { avatarId: id, state: 'STORED' } });
  const keys = new Map(copies.map(({ url, key }) => [url, key]));
  const storage = await openFiles();
  const downloaded = await downloadFiles(files, join(folder, 'files'), {
    trustedOrigins: importOrigins,
    copyOf: async (url) => {
      const key = keys.get(url);
      return key == null ? null : storage.read(key);
    },
  });
  print(
    `${folder}: avatar ${id}, ${jobs.length} runs, ${generations.length} generations, ${downloaded} of ${files.length} files`,
  );

  async function write(name: string, content: string): Promise<void> {
    await writeFile(join(folder, name), content, { flag: 'wx', mode: 0o600 });
  }
}

/** Whole numbers of 64 bits, as text. */
function exact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function scriptOf(
  jobs: readonly {
    readonly endpoint: string;
    readonly input: unknown;
    readonly generationId: string | null;
  }[],
): string {
  const lines = jobs.map(
    ({ endpoint, input, generationId }) =>
      `# ${generationId ?? 'a deleted generation'}\n` +
      `curl --fail-with-body -sS ${quoted(`${QUEUE_URL}/${endpoint}`)} -H "Authorization: Key $FAL_KEY" ` +
      `-H 'Content-Type: application/json' --data-raw ${quoted(JSON.stringify(input))}\n`,
  );
  return (
    '#!/bin/sh\n' +
    '# Each request generates the images of a generation again, and is paid. fal’s response has a response_url: when the run\n' +
    '# has ended, curl "$response_url" -H "Authorization: Key $FAL_KEY" prints the images.\n' +
    ['', ...lines].join('\n')
  );
}

/** As one word of a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The addresses of the artifact, of those of earlier trainings, and of the images; each once. */
function filesOf({
  avatar,
  generations,
  jobs,
}: {
  readonly avatar: {
    readonly diffusersLoraFileUrl: string | null;
    readonly otherLoraFileUrls: unknown;
    readonly configFileUrl: string | null;
  };
  readonly generations: readonly { readonly images: unknown }[];
  readonly jobs: readonly { readonly artifact: unknown }[];
}): string[] {
  const artifacts = jobs.map(({ artifact }) => artifact as Artifact | null).filter((made) => made !== null);
  const images = generations.flatMap((generation) => generation.images as { readonly url: string }[]);
  const urls = [
    avatar.diffusersLoraFileUrl,
    ...otherLoraUrlsIn(avatar.otherLoraFileUrls),
    avatar.configFileUrl,
    ...artifacts.flatMap(artifactFilesOf),
    ...images.map(({ url }) => url),
  ];
  return [...new Set(urls)].filter((url) => url !== null);
}
