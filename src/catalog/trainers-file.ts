import * as z from 'zod';
import { BUILT_IN, BUILT_IN_FORMS, Catalog, type NamedForm } from './catalog.ts';
import { createGenerator, generatorForm } from './generators.ts';
import { mismatch, trainerForm } from './trainers.ts';

export const MAX_TRAINERS_FILE_BYTES = 100_000;
const MAX_ROWS = 50;
/** With the built-in ones. */
export const MAX_TRAINERS = BUILT_IN.trainers.length + MAX_ROWS;
const MAX_PROBLEMS = 20;
/** In characters; a problem may quote the file. */
const MAX_PROBLEM_LENGTH = 200;

const trainerName = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, {
  error: 'expected a name of capital letters, digits and underscores, at most 64',
});

const fileForm = z.strictObject({
  trainers: z.record(trainerName, trainerForm).refine((rows) => Object.keys(rows).length <= MAX_ROWS, {
    error: `expected at most ${MAX_ROWS} trainers`,
  }),
  generators: z.array(generatorForm).max(MAX_ROWS).default([]),
});

/** Adds the rows of a JSON file to the built-in ones. `problems` names each wrong place of the file and the reason. */
export function readTrainersFile(
  text: string,
): { readonly catalog: Catalog } | { readonly problems: string[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problems: ['expected JSON'] };
  }
  const parsed = fileForm.safeParse(json);
  if (!parsed.success) return { problems: parsed.error.issues.slice(0, MAX_PROBLEMS).map(problemOf) };
  const trainers = Object.entries(parsed.data.trainers);
  const { generators } = parsed.data;
  const problems = [...collisions(trainers, generators), ...unfit(trainers, generators)];
  if (problems.length > 0) return { problems: problems.slice(0, MAX_PROBLEMS) };
  return {
    catalog: new Catalog(
      [...BUILT_IN_FORMS.trainers, ...trainers],
      [...BUILT_IN_FORMS.generators, ...generators],
    ),
  };
}

type Generators = z.output<typeof fileForm>['generators'];

function collisions(trainers: readonly NamedForm[], generators: Generators): string[] {
  const taken = trainers
    .filter(([name]) => BUILT_IN.trainer(name) !== null)
    .map(([name]) => `trainers.${name}: expected another name than that of a built-in trainer`);
  const endpoints = [...BUILT_IN_FORMS.generators, ...generators].map(({ endpoint }) => endpoint);
  const twice = generators
    .map(({ endpoint }, index) => ({ endpoint, index }))
    .filter(({ endpoint, index }) => endpoints.indexOf(endpoint) !== BUILT_IN_FORMS.generators.length + index)
    .map(({ endpoint, index }) => `generators.${index}.endpoint: expected no second row of ${endpoint}`);
  return [...taken, ...twice];
}

function unfit(trainers: readonly NamedForm[], generators: Generators): string[] {
  const names = new Set([...BUILT_IN_FORMS.trainers, ...trainers].map(([name]) => name));
  const own = new Map(generators.map((form) => [form.endpoint, createGenerator(form)]));
  return trainers.flatMap(([name, form]) => {
    const generator = own.get(form.generator) ?? BUILT_IN.generator(form.generator);
    const problem =
      generator === null
        ? `expected the endpoint of a generator, built-in or in this file, got ${form.generator}`
        : mismatch(form, generator);
    const alternative = form.deprecated?.alternative;
    const isKnown = alternative === undefined || names.has(alternative);
    return [
      ...(problem === null ? [] : [`trainers.${name}.generator: ${problem}`]),
      ...(isKnown ? [] : [`trainers.${name}.deprecated.alternative: expected the name of a trainer`]),
    ];
  });
}

function problemOf(issue: z.core.$ZodIssue): string {
  // A name that is refused as a key has its reason one level deeper.
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const path = issue.path.map(String).join('.');
  return `${path === '' ? '' : `${path}: `}${message}`
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, MAX_PROBLEM_LENGTH)
    .toWellFormed();
}
