import { createRoot } from 'react-dom/client';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { ApolloProvider } from '@apollo/client/react';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { SetContextLink } from '@apollo/client/link/context';
import { createClient } from 'graphql-ws';
import { App } from './app.tsx';
import unions from './gql/possible-types.ts';

const URL = import.meta.env.VITE_LIKENESS_URL ?? 'http://127.0.0.1:4000/graphql';

/** Replace this by your session's token. Called for every request and connection, so it may return a renewed one. */
function authorization(): { authorization?: string } {
  const token = import.meta.env.VITE_LIKENESS_TOKEN;
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Reconnects for ever, and then subscribes again. The server sends the present state first, so nothing is missed. */
const socket = createClient({
  url: URL.replace(/^http/, 'ws'),
  connectionParams: authorization,
  retryAttempts: Infinity,
  shouldRetry: () => true,
});

const withToken = new SetContextLink(({ headers }) => ({ headers: { ...headers, ...authorization() } }));

const client = new ApolloClient({
  cache: new InMemoryCache({ possibleTypes: unions.possibleTypes }),
  link: ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    new GraphQLWsLink(socket),
    withToken.concat(new HttpLink({ uri: URL })),
  ),
});

createRoot(document.getElementById('root')!).render(
  <ApolloProvider client={client}>
    <App />
  </ApolloProvider>,
);
