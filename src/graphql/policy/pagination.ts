import { badInput } from '../errors.ts';
import { isId, type EntityPrefix } from '../../jobs/ids.ts';
import type { PageOfRows } from '../reads.ts';

/** Maximum page size of a connection. */
export const MAX_PAGE = 100;
export const DEFAULT_PAGE = 20;

type PageArguments = {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
};

/**
 * A page of a list, as a Relay connection. A cursor is a position, so a page continues after a row that was deleted. Lists
 * have rows of one owner only: the position of another owner's row reveals nothing.
 *
 * @param kind of the list's rows
 * @param hasPageInfo whether the operation asks for it
 * @param read at most `limit` rows in the order of the list
 */
export async function connectionOf<Row extends { readonly id: string }>(
  args: PageArguments,
  kind: EntityPrefix,
  hasPageInfo: boolean,
  read: (page: PageOfRows) => Promise<readonly Row[]>,
) {
  const page = pageIn(args, kind);
  // One row more shows whether another page follows.
  const rows = await read(hasPageInfo ? { ...page, limit: page.limit + 1 } : page);
  const isMore = rows.length > page.limit;
  const shown = !isMore ? rows : page.fromEnd ? rows.slice(1) : rows.slice(0, -1);
  const edges = shown.map((row) => new Edge(row));
  return { edges, pageInfo: hasPageInfo ? pageInfoOf(edges, page, isMore) : NO_PAGE_INFO };
}

type PageInfo = {
  readonly startCursor: string | null;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
};

/** Of operations that do not ask for it. */
const NO_PAGE_INFO: PageInfo = {
  startCursor: null,
  endCursor: null,
  hasNextPage: false,
  hasPreviousPage: false,
};

function pageInfoOf(
  edges: readonly { readonly cursor: string }[],
  { after, before, fromEnd }: PageOfRows,
  isMore: boolean,
): PageInfo {
  return {
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
    hasNextPage: fromEnd ? before !== null : isMore,
    hasPreviousPage: fromEnd ? isMore : after !== null,
  };
}

/** Encodes its cursor when an operation selects it. */
class Edge<Row extends { readonly id: string }> {
  readonly node: Row;

  constructor(node: Row) {
    this.node = node;
  }

  get cursor(): string {
    return Buffer.from(`${CURSOR_PREFIX}${this.node.id}`).toString('base64');
  }
}

/** The prefix that Pothos gives to the cursor of a text column. */
const CURSOR_PREFIX = 'GPC:S:';

function pageIn({ first, last, after, before }: PageArguments, kind: EntityPrefix): PageOfRows {
  checkLength('first', first);
  checkLength('last', last);
  if (first != null && last != null) throw both('first', 'last');
  if (after != null && before != null) throw both('after', 'before');
  if (first != null && before != null) throw both('first', 'before');
  if (last != null && after != null) throw both('last', 'after');
  return {
    limit: first ?? last ?? DEFAULT_PAGE,
    after: after == null ? null : idIn(after, kind, 'after'),
    before: before == null ? null : idIn(before, kind, 'before'),
    fromEnd: last != null || before != null,
  };
}

function checkLength(name: string, length: number | null | undefined): void {
  if (length != null && (length < 0 || length > MAX_PAGE))
    throw badInput(`${name}: expected a whole number from 0 to ${MAX_PAGE}, got ${length}.`);
}

function both(name: string, other: string): Error {
  return badInput(`${name} and ${other}: expected one of them, got both.`);
}

function idIn(cursor: string, kind: EntityPrefix, name: string): string {
  const text = Buffer.from(cursor, 'base64').toString('utf8');
  const id = text.slice(CURSOR_PREFIX.length);
  if (!text.startsWith(`${CURSOR_PREFIX}${kind}_`) || !isId(id)) {
    throw badInput(`${name}: expected the cursor of an entry of this list.`);
  }
  return id;
}
