import {
  AvatarsDocument,
  GenerationByIdDocument,
  type AvatarsQuery,
} from '../../src/generated/contract/graphql.ts';
import { ApiClient } from '../support/api-client.ts';
import type { Tenant } from './load.ts';

const PAGE = 100;

/**
 * Ids of avatars and generations that clients see queued or running. A submit with unknown outcome does not count.
 *
 * @throws when the server cannot answer
 */
export async function openWork(url: string, tenants: readonly Tenant[]): Promise<string[]> {
  const open: string[] = [];
  for (const { token, generations } of tenants) {
    const client = new ApiClient(url, token);
    let after: string | null | undefined = null;
    while (after !== undefined) {
      const { avatars }: AvatarsQuery = await client.execute(AvatarsDocument, { first: PAGE, after });
      open.push(...avatars.edges.filter(({ node }) => isOpen(node)).map(({ node }) => node.id));
      after = avatars.pageInfo.hasNextPage ? avatars.pageInfo.endCursor : undefined;
    }
    for (const id of generations) {
      const { generation } = await client.execute(GenerationByIdDocument, { id });
      if (generation !== null && isOpen(generation)) open.push(id);
      if (open.length > 0) return open;
    }
  }
  return open;
}

function isOpen({ status, error }: { status: string; error: { code: string } | null }): boolean {
  const isUnfinished = status === 'QUEUED' || status === 'TRAINING' || status === 'RUNNING';
  return isUnfinished && error?.code !== 'SUBMIT_OUTCOME_UNKNOWN';
}
