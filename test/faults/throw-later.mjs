import { buildSchema, graphql } from 'graphql';

// Loaded before the server: at SIGUSR2 it throws an error that is not caught, of the kind in THROW_LATER.
const faults = {
  exception: () => {
    throw new Error('a fault of the test');
  },
  rejection: () => void Promise.reject(new Error('a fault of the test')),
  graphql: () => {
    const later = new Promise((_resolve, reject) =>
      setTimeout(() => reject(new Error('a fault of the test')), 1),
    );
    void graphql({
      schema: buildSchema('type Query { list: [Int!] }'),
      source: '{ list }',
      rootValue: { list: [later, null] },
    });
  },
  again: () => {
    setInterval(() => {
      throw new Error('a fault of the test');
    }, 1);
  },
};

process.on('SIGUSR2', () => setTimeout(faults[process.env.THROW_LATER], 0));
