// What one writes in an afternoon: graphql-yoga with its defaults, DataLoader, pg and jose.
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import DataLoader from 'dataloader';
import { avatarsByIds, avatarsOf, connection, generationsOf, ownerOf, ready, typeDefs } from './rows.mjs';

const resolvers = {
  Query: {
    avatar: (_root, { id }, { avatars }) => avatars.load(id),
    avatars: async (_root, { first }, { owner }) => connection(await avatarsOf(owner, first)),
  },
  Avatar: {
    generations: async ({ id }, { first }, { generations }) => connection(await generations(first).load(id)),
    createdAt: ({ createdAt }) => createdAt.toISOString(),
    updatedAt: ({ updatedAt }) => updatedAt.toISOString(),
  },
  Generation: { createdAt: ({ createdAt }) => createdAt.toISOString() },
};

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  logging: false,
  async context({ request }) {
    const owner = await ownerOf(request.headers.get('authorization'));
    const lists = new Map();
    return {
      owner,
      avatars: new DataLoader((ids) => avatarsByIds(owner, ids)),
      generations(first) {
        const loader = lists.get(first) ?? new DataLoader((ids) => generationsOf(ids, first));
        lists.set(first, loader);
        return loader;
      },
    };
  },
});
const server = createServer(yoga);
server.listen(0, '127.0.0.1', () => ready(server.address().port));
