import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import { DOCUMENT_LIMITS, refusalOfDocument } from './document-limits.ts';
import { safeError } from './safe-errors.ts';
import type { Plugin } from 'graphql-yoga';

/** Validation stops here: nobody reads more, and each one costs. */
const MAX_ERRORS = 5;

/**
 * Headers that no page of another origin can send without asking first. `authorization` is none of them: a browser that
 * once gave a name and password to a proxy in front adds it to every request by itself, forms of foreign pages included.
 */
const PROOF_HEADERS = ['x-graphql-yoga-csrf', 'graphql-require-preflight', 'apollo-require-preflight'];

/**
 * Keeps operations within their limits, over HTTP and WebSocket alike, and keeps the schema to itself where it is told
 * to: no introspection, and no hints in error messages.
 */
export function useDocumentGuard({ hidesSchema }: { readonly hidesSchema: boolean }): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string, parseOptions: object) => {
        try {
          return parseWithinLimits(source, parseOptions);
        } catch (error) {
          throw error instanceof GraphQLError ? safeError(error, hidesSchema) : error;
        }
      });
    },
    onValidate({ params, setResult, setValidationFn, addValidationRule }) {
      const refusal = refusalOfDocument(params.documentAST as DocumentNode);
      if (refusal !== null) {
        setResult([refusal]);
        return;
      }
      if (hidesSchema) addValidationRule(NoSchemaIntrospectionCustomRule);
      setValidationFn(
        (schema: GraphQLSchema, document: DocumentNode, rules: Parameters<typeof validate>[2]) =>
          validate(schema, document, rules, { maxErrors: MAX_ERRORS, hideSuggestions: hidesSchema }).map(
            (error) => safeError(error, hidesSchema),
          ),
      );
    },
  };
}

/** Deep nesting can exhaust the stack before the tokens are counted out; it is the same mistake. */
function parseWithinLimits(source: string, options: object): DocumentNode {
  if (source.length > DOCUMENT_LIMITS.text) {
    const message = `The document exceeds ${DOCUMENT_LIMITS.text} characters: pass long values as variables.`;
    throw new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE' } });
  }
  try {
    return parse(source, { ...options, maxTokens: DOCUMENT_LIMITS.tokens });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new GraphQLError(
      `Syntax Error: Document contains more than ${DOCUMENT_LIMITS.tokens} tokens or nests too deeply.`,
    );
  }
}

/**
 * Refuses what a foreign page could have a browser send without asking: forms, and texts of no declared kind. Event
 * streams are let through, since browsers' own client for them can set no header and they change nothing.
 *
 * @param guardsGet also refuse plain GET requests, which read only but may be read out of a cache
 */
export function useFormGuard({ guardsGet }: { readonly guardsGet: boolean }): Plugin {
  const guard = useCSRFPrevention({ requestHeaders: PROOF_HEADERS });
  return {
    onRequestParse(payload) {
      const { method, headers } = payload.request;
      const isStream = headers.get('accept')?.includes('text/event-stream') === true;
      if (method === 'GET' && (isStream || !guardsGet)) return undefined;
      return guard.onRequestParse?.(payload);
    },
  };
}
