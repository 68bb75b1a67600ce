/** Uploads a file and reports the bytes sent, which `fetch` cannot do. */
export function sendFile(
  url: string,
  file: File,
  { signal, onSent }: { readonly signal: AbortSignal | null; readonly onSent: (bytes: number) => void },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort);
    request.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
    request.addEventListener('loadend', () => {
      signal?.removeEventListener('abort', abort);
      const { status, responseText } = request;
      if (status === 0) {
        reject(new TypeError('The file was not sent.'));
        return;
      }
      const retryAfter = request.getResponseHeader('retry-after');
      resolve(
        new Response(responseText, {
          status,
          headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
        }),
      );
    });
    request.open('PUT', url);
    request.send(file);
  });
}

/** The address on this page's origin: PUBLIC_URL may differ from it. */
export function onThisOrigin(url: string): string {
  const { pathname, search } = new URL(url, location.href);
  return `${location.origin}${pathname}${search}`;
}
