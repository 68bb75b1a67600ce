import {
  AvatarsDocument,
  GenerationByIdDocument,
  type AvatarsQuery,
} from '../../src/generated/contract/graphql.ts';
import { call, type Reply } from './api.ts';
import type { Tenant } from './load.ts';

const PAGE = 100;

/** What people still see under way; a submit with unknown outcome is not. Empty: nothing is. */
export async function underWay(url: string, tenants: readonly Tenant[]): Promise<string[]> {
  const open: string[] = [];
  for (const { token, generations } of tenants) {
    let after: string | null | undefined = null;
    while (after !== undefined) {
      const page: Reply<AvatarsQuery> = await call(url, token, {
        document: AvatarsDocument,
        variables: { first: PAGE, after },
      });
      if (page.kind !== 'answer') return ['the answer of a server'];
      const { edges, pageInfo }: AvatarsQuery['avatars'] = page.data.avatars;
      open.push(...edges.filter(({ node }) => isUnderWay(node)).map(({ node }) => node.id));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
    }
    for (const id of generations) {
      const one = await call(url, token, { document: GenerationByIdDocument, variables: { id } });
      if (one.kind !== 'answer') return ['the answer of a server'];
      if (one.data.generation !== null && isUnderWay(one.data.generation)) open.push(id);
      if (open.length > 0) return open;
    }
  }
  return open;
}

function isUnderWay({ status, error }: { status: string; error: { code: string } | null }): boolean {
  const isOpen = status === 'QUEUED' || status === 'TRAINING' || status === 'RUNNING';
  return isOpen && error?.code !== 'SUBMIT_OUTCOME_UNKNOWN';
}
