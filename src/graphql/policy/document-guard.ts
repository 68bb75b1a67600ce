import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { codedError } from '../errors.ts';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import { DOCUMENT_LIMITS, refusalOfDocument } from './document-limits.ts';
import { safeError } from './safe-errors.ts';
import type { Plugin } from 'graphql-yoga';

/** Validation stops here: more errors cost time and help nobody. */
const MAX_ERRORS = 5;

/**
 * Headers that make a browser send a CORS preflight. Not `authorization`: after HTTP basic authentication at a proxy, a
 * browser adds it to every request, including forms of foreign pages.
 */
const PROOF_HEADERS = ['x-graphql-yoga-csrf', 'graphql-require-preflight', 'apollo-require-preflight'];

/** Limits documents. With `hidesSchema`, also refuses introspection and removes suggestions from error messages. */
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
    onValidate({ setValidationFn, addValidationRule }) {
      if (hidesSchema) addValidationRule(NoSchemaIntrospectionCustomRule);
      // Yoga keeps the result with the document, so both checks run once for each text.
      setValidationFn(
        (schema: GraphQLSchema, document: DocumentNode, rules: Parameters<typeof validate>[2]) => {
          const refusal = refusalOfDocument(document);
          if (refusal !== null) return [refusal];
          return validate(schema, document, rules, {
            maxErrors: MAX_ERRORS,
            hideSuggestions: hidesSchema,
          }).map((error) => safeError(error, hidesSchema, schema));
        },
      );
    },
  };
}

/** Deep nesting may exhaust the stack before the token limit is reached. */
function parseWithinLimits(source: string, options: object): DocumentNode {
  if (source.length > DOCUMENT_LIMITS.text) {
    const message = `The document exceeds ${DOCUMENT_LIMITS.text} characters: pass long values as variables.`;
    throw codedError('OPERATION_TOO_LARGE', message);
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
 * CSRF protection: refuses requests that a foreign page can send without a preflight, such as forms. Allows event streams,
 * because EventSource cannot set headers and they change nothing.
 *
 * @param guardsGet also refuse plain GET requests, whose responses a foreign page could read from a cache
 */
export function useFormGuard({ guardsGet }: { readonly guardsGet: boolean }): Plugin {
  const guard = useCSRFPrevention({ requestHeaders: PROOF_HEADERS });
  return {
    onRequestParse(payload) {
      const { method, headers } = payload.request;
      const isStream = headers.get('accept')?.includes('text/event-stream') === true;
      if (method === 'GET' && (isStream || !guardsGet)) return undefined;
      try {
        return guard.onRequestParse?.(payload);
      } catch {
        const message = `Expected the header content-type: application/json, or one of ${PROOF_HEADERS.join(', ')}.`;
        throw codedError('FORBIDDEN', message, { http: { status: 403 } });
      }
    },
  };
}
