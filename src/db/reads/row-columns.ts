import { columnName } from '../column-name.ts';
import { isTraining } from '../run-conditions.ts';
import { Prisma } from '../../generated/prisma/client.ts';

const ALL_COLUMNS = {
  avatars: Object.values(Prisma.AvatarScalarFieldEnum),
  generations: Object.values(Prisma.GenerationScalarFieldEnum),
  trainings: Object.values(Prisma.JobScalarFieldEnum),
} as const;

export type Table = keyof typeof ALL_COLUMNS;

/** Files of a generation or a training that were copied. */
const FILES_OF_RUN = `(
  SELECT coalesce(jsonb_agg(jsonb_build_object('position', f.position, 'size', f.size, 'sha256', f.sha256)), '[]')
  FROM result_files f WHERE f.run_id = t.id AND f.state = 'STORED')`;

/** Columns by their names in TypeScript, as SQL. */
const COLUMNS: Readonly<Record<Table, ReadonlyMap<string, string>>> = {
  avatars: new Map([
    ...ALL_COLUMNS.avatars.map(sqlOf),
    ['tags', 'ARRAY(SELECT x.tag FROM avatar_tags x WHERE x.avatar_id = t.id ORDER BY x.tag COLLATE "C")'],
  ]),
  generations: new Map([
    ...ALL_COLUMNS.generations.map(sqlOf),
    // A generation has one job, which its unique index finds.
    ['input', '(SELECT j.input FROM jobs j WHERE j.generation_id = t.id)'],
    ['files', FILES_OF_RUN],
  ]),
  trainings: new Map([
    ...ALL_COLUMNS.trainings.map(sqlOf),
    [
      'attempt',
      `(SELECT count(*)::int FROM jobs n WHERE n.avatar_id = t.avatar_id AND n.id <= t.id AND ${isTraining('n')})`,
    ],
    ['files', FILES_OF_RUN],
    // An instance of an earlier version replaces the artifact without its training.
    [
      'isCurrent',
      `EXISTS (SELECT FROM avatars a WHERE a.id = t.avatar_id AND a.artifact_training_id = t.id
        AND coalesce(a.finetune_id, a.diffusers_lora_file_url) = coalesce(t.artifact->>'finetuneId', t.artifact->>'loraUrl'))`,
    ],
  ]),
};

/** Where the rows are, under the alias `t`. */
export const SOURCES: Readonly<Record<Table, string>> = {
  avatars: 'avatars t WHERE true',
  generations: 'generations t WHERE true',
  trainings: `jobs t WHERE t.avatar_id IS NOT NULL AND ${isTraining('t')}`,
};

function sqlOf(column: string): [name: string, sql: string] {
  return [column, `t.${columnName(column)}`];
}

/** The columns of all keys as SQL, each under the name it has in TypeScript. */
export function columnsOf(
  table: Table,
  keys: readonly { readonly columns: readonly string[] }[],
  always: readonly string[],
): string {
  const wanted = new Set(always);
  for (const { columns } of keys) for (const column of columns) wanted.add(column);
  // In the table's order, so that the same columns make the same statement.
  return [...COLUMNS[table]]
    .filter(([column]) => wanted.has(column))
    .map(([column, sql]) => `${sql} AS "${column}"`)
    .join(', ');
}
