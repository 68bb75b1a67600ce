/**
 * The base of the URLs that clients get: the public address. Without one it has the Host header of the request, and only
 * the client that sent the header gets the URL.
 */
export type OwnAddress = (requestHost: string | undefined) => string;

export function createOwnAddress({
  publicUrl,
  host,
  port,
}: {
  readonly publicUrl: string | null;
  readonly host: string;
  readonly port: number;
}): OwnAddress {
  return (requestHost) => publicUrl ?? `http://${requestHost ?? `${host}:${port}`}`;
}
