const THIS_MACHINE: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Those of the settings, and the simulator's, which has its files too. fal's own files are at public addresses. */
export function trustedOrigins(
  { importOrigins }: { readonly importOrigins: readonly string[] },
  { queueUrl, restUrl }: { readonly queueUrl: string; readonly restUrl: string },
): ReadonlySet<string> {
  const local = [queueUrl, restUrl].map((url) => new URL(url));
  return new Set([
    ...importOrigins,
    ...local.filter(({ hostname }) => THIS_MACHINE.has(hostname)).map(({ origin }) => origin),
  ]);
}
