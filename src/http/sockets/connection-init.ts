import type { Identity } from '../../auth/authenticate.ts';

/** The authorization value in the payload of a connection_init. */
export function authorizationIn(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const given = params?.['authorization'] ?? params?.['Authorization'];
  return typeof given === 'string' ? given : null;
}

/** The close reason of a socket without a valid token; at most 123 bytes. */
export function whyForbidden(identity: Extract<Identity, { kind: 'none' | 'bad' }>): string {
  return identity.kind === 'bad'
    ? identity.reason
    : 'send a bearer token as `authorization` of connection_init';
}
