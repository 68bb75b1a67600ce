// Apollo Server 5 in its standalone form, DataLoader, pg and jose.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { avatarsByIds, avatarsOf, connection, generationsOf, ownerOf, ready, typeDefs } from './rows.mjs';

const server = new ApolloServer({
  typeDefs,
  resolvers: {
    Query: {
      avatar: async (_root, { id }, { owner }) => (await avatarsByIds(owner, [id]))[0],
      avatars: async (_root, { first }, { owner }) => connection(await avatarsOf(owner, first)),
    },
    Avatar: {
      generations: async ({ id }, { first }, { generations }) =>
        connection(await generations.load(`${first} ${id}`)),
      createdAt: ({ createdAt }) => createdAt.toISOString(),
      updatedAt: ({ updatedAt }) => updatedAt.toISOString(),
    },
    Generation: { createdAt: ({ createdAt }) => createdAt.toISOString() },
  },
});
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => ({
    owner: await ownerOf(req.headers.authorization),
    generations: new DataLoader((keys) =>
      generationsOf(
        keys.map((key) => key.slice(key.indexOf(' ') + 1)),
        parseInt(keys[0], 10),
      ),
    ),
  }),
});
ready(new URL(url).port);
