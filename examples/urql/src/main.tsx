import { createRoot } from 'react-dom/client';
import { Client, Provider, cacheExchange, fetchExchange, subscriptionExchange } from 'urql';
import { createClient } from 'graphql-ws';
import { App } from './app.tsx';

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

const client = new Client({
  url: URL,
  // In production the server answers queries by GET only with a header against CSRF.
  preferGetMethod: false,
  fetchOptions: () => ({ headers: authorization() }),
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

createRoot(document.getElementById('root')!).render(
  <Provider value={client}>
    <App />
  </Provider>,
);
