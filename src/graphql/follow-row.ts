import { execute, Kind, type DocumentNode, type GraphQLResolveInfo } from 'graphql';
import { isId } from '../jobs/ids.ts';
import { enterStream, openStream } from './stream.ts';
import { notFoundError } from './errors.ts';
import { viewerOf } from './builder.ts';
import { watchRow } from '../live/watch.ts';
import type { FeedSource } from '../live/feed.ts';
import type { Context, EventSink } from './context.ts';

type Versioned = { readonly version: number };

type Followed<Row> = Pick<FeedSource<Row, never>, 'listen' | 'read' | 'isLast'> & {
  readonly id: string;
  readonly afterVersion: number;
};

/**
 * Opens the stream of a row for one subscriber. Subscribers over WebSocket that have owner, row, document and variables in
 * common share one feed, which reads the row, executes the operation and writes the JSON once for all of them.
 */
export async function followRow<Row extends Versioned>(
  context: Context,
  info: GraphQLResolveInfo,
  followed: Followed<Row>,
): Promise<AsyncIterableIterator<Row>> {
  const { sink } = context;
  const { id, listen, read, isLast, afterVersion } = followed;
  if (!isId(id)) throw notFoundError();
  if (sink === undefined) return openStream(context, () => watchRow(followed));
  const { feeds, resumeVariable, isOfRowOnly } = sink.sharedFeeds.of(info);
  const variables = Object.entries(info.variableValues).filter(([name]) => name !== resumeVariable);
  // With the host: it may be in URLs.
  const key = JSON.stringify([viewerOf(context).ownerId, id, context.host, variables]);
  const reader = { afterVersion, take: sink.take, onEnd: enterStream(context) };
  // The WebSocket ends with the token.
  const stream = await feeds.join(key, reader, () => ({
    listen,
    read,
    isLast: isLast as ((row: Versioned) => boolean) | undefined,
    isOfRowOnly,
    render: renderer(context, sink, info),
  }));
  if (stream === null) throw notFoundError();
  sink.onOpen(stream);
  return stream;
}

/** Executes the operation for any viewer of the owner: the context has nothing of this one but the owner. */
function renderer(
  { sink: _sink, ...context }: Context,
  { encode, variables }: EventSink,
  { schema, operation, fragments }: GraphQLResolveInfo,
): (row: Versioned) => Promise<Buffer> {
  const viewer = { ownerId: viewerOf(context).ownerId, expiresAt: null };
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [operation, ...Object.values(fragments)],
  };
  return async (rootValue) => {
    const contextValue: Context = { ...context, viewer };
    return encode(await execute({ schema, document, rootValue, contextValue, variableValues: variables }));
  };
}
