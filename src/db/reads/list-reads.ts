import { batched } from '../batched.ts';
import { columnName } from '../column-name.ts';
import { columnsOf, SOURCES, type Table } from './row-columns.ts';
import { MAX_COUNT, type PageOfRows } from '../../graphql/reads.ts';
import { Semaphore } from '../../async/semaphore.ts';

/** Statements of one kind at the same time. With two, PostgreSQL gets too little of a busy machine. */
export const MAX_CONCURRENT = 4;
/** Lists of one statement, and their rows if all lists are as long as the limit. */
const MAX_LISTS = 400;
const MAX_ROWS = 2000;
/** Counts of one statement, each of which may read MAX_COUNT rows. */
const MAX_COUNTS = 100;

export type Query = (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>;

/** Values that the rows of a list have, by the names of the filters. */
type Filter = Readonly<Record<string, string>>;
type ListKey = {
  readonly parent: string;
  readonly filter: Filter;
  readonly page: PageOfRows;
  readonly columns: readonly string[];
};

type ListReads<R> = {
  readonly read: (
    parent: string,
    page: PageOfRows,
    columns: readonly string[],
    filter?: Filter,
  ) => Promise<readonly R[]>;
  readonly count: (parent: string, filter?: Filter) => Promise<number>;
};

const NO_FILTER: Filter = {};
const EMPTY_PAGE: PageOfRows = { limit: 0, after: null, before: null, fromEnd: false };

/** The lists of a table's rows with the same value in `parentColumn`. */
export function listReads<R extends { readonly id: string }>(
  query: Query,
  table: Table,
  parentColumn: string,
): ListReads<R> {
  /** Lists of the same form, in one statement. */
  async function readAlike(keys: readonly ListKey[]): Promise<readonly R[][]> {
    const lists: R[][] = keys.map(() => []);
    const { page, filter } = keys[0] ?? { page: EMPTY_PAGE, filter: NO_FILTER };
    const { limit, after, before, fromEnd } = page;
    const { source, id } = sourceOf(table, parentColumn, filter);
    const order = fromEnd ? 'ASC' : 'DESC';
    const bounds =
      after === null && before === null ? [] : keys.map((key) => key.page.after ?? key.page.before);
    const bound = after !== null ? `AND ${id} < k.bound` : before !== null ? `AND ${id} > k.bound` : '';
    const { unnested, values } = unnest(keys, bounds);
    const rows = (await query(
      `SELECT k.position::int AS position, r.* FROM ${unnested}
       CROSS JOIN LATERAL (
         SELECT ${columnsOf(table, keys, ['id'])} FROM ${source} ${bound} ORDER BY ${id} ${order} LIMIT $1
       ) r ORDER BY k.position, r.id ${order}`,
      [limit, ...values],
    )) as readonly (R & { readonly position: number })[];
    for (const row of rows) lists[row.position - 1]?.push(row);
    if (fromEnd) for (const list of lists) list.reverse();
    return lists;
  }

  async function countAlike(keys: readonly ListKey[]): Promise<readonly number[]> {
    const { source } = sourceOf(table, parentColumn, keys[0]?.filter ?? NO_FILTER);
    const { unnested, values } = unnest(keys, []);
    const rows = (await query(
      `SELECT (SELECT count(*)::int FROM (SELECT FROM ${source} LIMIT $1) c) AS count
       FROM ${unnested} ORDER BY k.position`,
      [MAX_COUNT, ...values],
    )) as readonly { readonly count: number }[];
    return rows.map(({ count }) => count);
  }

  const list = inGroups(readAlike, MAX_LISTS);
  const count = inGroups(countAlike, MAX_COUNTS);
  return {
    read: (parent, page, columns, filter = NO_FILTER) => list({ parent, page, columns, filter }),
    count: (parent, filter = NO_FILTER) => count({ parent, filter, page: EMPTY_PAGE, columns: [] }),
  };
}

/** Conditions of the filters; `k` has their values. */
const CONDITIONS: Readonly<Record<Table, Readonly<Record<string, string>>>> = {
  avatars: {
    status: 't.status = k."status"::avatar_status',
    trainingType: 't.training_type = k."trainingType"::training_type',
    externalId: 't.external_id = k."externalId"',
    tag: 'x.owner_id = k.parent AND x.tag = k."tag"',
  },
  generations: {
    status: 't.status = k."status"::generation_status',
    avatarId: 't.avatar_id = k."avatarId"',
  },
  trainings: {},
};

/** The rows of one list, and the id by which an index has them in order. */
function sourceOf(
  table: Table,
  parentColumn: string,
  filter: Filter,
): { readonly source: string; readonly id: string } {
  const hasTag = 'tag' in filter;
  const rows = hasTag ? 'avatar_tags x JOIN avatars t ON t.id = x.avatar_id WHERE true' : SOURCES[table];
  const conditions = [`t.${columnName(parentColumn)} = k.parent`];
  for (const name in filter) conditions.push(CONDITIONS[table][name] ?? 'false');
  return { source: `${rows} AND ${conditions.join(' AND ')}`, id: hasTag ? 'x.avatar_id' : 't.id' };
}

/** A row for each key, with its position. Its values are the parameters after $1. */
function unnest(keys: readonly ListKey[], bounds: readonly (string | null)[]) {
  const names = ['parent'];
  const values: (readonly (string | null | undefined)[])[] = [keys.map(({ parent }) => parent)];
  if (bounds.length > 0) {
    names.push('bound');
    values.push(bounds);
  }
  for (const name in keys[0]?.filter) {
    names.push(`"${name}"`);
    values.push(keys.map(({ filter }) => filter[name]));
  }
  const parameters = values.map((_, index) => `$${index + 2}::text[]`);
  const unnested = `unnest(${parameters.join(', ')}) WITH ORDINALITY AS k(${names.join(', ')}, position)`;
  return { unnested, values };
}

/** @param readAlike the values of keys that one statement can read */
function inGroups<Value>(
  readAlike: (keys: readonly ListKey[]) => Promise<readonly Value[]>,
  maxBatchSize: number,
): (key: ListKey) => Promise<Value> {
  const statements = new Semaphore(MAX_CONCURRENT);
  return batched(
    async (keys: readonly ListKey[]) => {
      const values = new Map<ListKey, Value | undefined>();
      const readGroup = async (alike: readonly ListKey[]) => {
        const read = await statements.run(() => readAlike(alike));
        alike.forEach((key, index) => values.set(key, read[index]));
      };
      await Promise.all(groupsOf(keys).map(readGroup));
      return keys.map((key) => values.get(key) as Value);
    },
    { maxBatchSize, maxConcurrent: MAX_CONCURRENT },
  );
}

/** Keys that one statement can read: the same filters, bounds, order and limit, and not too many rows. */
function groupsOf(keys: readonly ListKey[]): readonly ListKey[][] {
  const groups: ListKey[][] = [];
  const open = new Map<string, ListKey[]>();
  for (const key of keys) {
    const { limit, after, before, fromEnd } = key.page;
    const form = `${limit} ${after === null} ${before === null} ${fromEnd} ${Object.keys(key.filter).join()}`;
    let group = open.get(form);
    if (group === undefined || (group.length + 1) * limit > MAX_ROWS) {
      group = [];
      open.set(form, group);
      groups.push(group);
    }
    group.push(key);
  }
  return groups;
}
