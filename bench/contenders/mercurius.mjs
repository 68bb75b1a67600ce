// The fastest kept GraphQL server for Node: mercurius with its compiler and its loaders.
import fastify from 'fastify';
import mercurius from 'mercurius';
import { avatarsByIds, avatarsOf, connection, generationsOf, ownerOf, ready, typeDefs } from './rows.mjs';

const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  context: async ({ headers }) => ({ owner: await ownerOf(headers.authorization) }),
  resolvers: {
    Query: {
      avatar: async (_root, { id }, { owner }) => (await avatarsByIds(owner, [id]))[0],
      avatars: async (_root, { first }, { owner }) => connection(await avatarsOf(owner, first)),
    },
    Avatar: {
      createdAt: ({ createdAt }) => createdAt.toISOString(),
      updatedAt: ({ updatedAt }) => updatedAt.toISOString(),
    },
    Generation: { createdAt: ({ createdAt }) => createdAt.toISOString() },
  },
  loaders: {
    Avatar: {
      async generations(queries) {
        const first = queries[0].params.first;
        const lists = await generationsOf(
          queries.map(({ obj }) => obj.id),
          first,
        );
        return lists.map(connection);
      },
    },
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
ready(app.server.address().port);
