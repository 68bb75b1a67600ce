import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { codedError } from '../errors.ts';
import { DOCUMENT_LIMITS, refusalOfDocument } from './document-limits.ts';
import { safeError } from './safe-errors.ts';
import type { Plugin } from 'graphql-yoga';

/** Validation stops here: more errors cost time and help nobody. */
const MAX_ERRORS = 5;

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
