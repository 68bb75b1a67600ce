/**
 * Script for the page of the playground: below a result it shows the images that the result names. GraphiQL has only a
 * preview under the mouse, which knows no URL with a port or without a file ending.
 *
 * `globalAPI` gives the page the editor's API. The editor is loaded after this script; its global is the signal.
 */
const SCRIPT = `
  const MAX_IMAGES = 12;
  const isWebUrl = (value) => typeof value === 'string' && /^https?:/.test(value);
  function imageUrlsIn(value, name) {
    if (typeof value === 'string') return isWebUrl(value) && name === 'imageUrl' ? [value] : [];
    if (name === 'images' && Array.isArray(value)) return value.map((image) => image?.url).filter(isWebUrl);
    return Object.entries(value ?? {}).flatMap(([key, part]) => imageUrlsIn(part, key));
  }
  function parsed(text) {
    try { return JSON.parse(text); } catch { return null; }
  }
  const strip = document.createElement('section');
  strip.className = 'images';
  strip.setAttribute('aria-label', 'Images of the result');
  function show(text) {
    const urls = [...new Set(imageUrlsIn(parsed(text)))].slice(0, MAX_IMAGES);
    const shown = [...strip.children].map(({ href }) => href);
    if (String(urls) === String(shown)) return;
    strip.replaceChildren(...urls.map((href) => {
      const link = Object.assign(document.createElement('a'), { href, target: '_blank', rel: 'noreferrer', title: href });
      const image = Object.assign(document.createElement('img'), { src: href, alt: 'Image of the result' });
      image.onerror = () => link.replaceChildren('The image cannot be loaded.');
      link.append(image);
      return link;
    }));
    document.querySelector('.graphiql-response')?.append(strip);
  }
  function follow(model) {
    if (model.uri.path.endsWith('response.json')) model.onDidChangeContent(() => show(model.getValue()));
  }
  Object.defineProperty(globalThis, 'monaco', {
    configurable: true,
    set(monaco) {
      Object.defineProperty(globalThis, 'monaco', { value: monaco });
      // The first use starts the services of the editor, and some of them are still to be loaded.
      setTimeout(() => {
        monaco.editor.getModels().forEach(follow);
        monaco.editor.onDidCreateModel(follow);
      });
    },
  });
`;

const STYLE = `
  .images { display: flex; flex-wrap: wrap; gap: 12px; padding: 12px 16px; max-height: 55%; overflow: auto; }
  .images:empty { display: none; }
  .images img { display: block; height: 240px; max-width: 100%; border-radius: 8px; }
`;

export function withImages(page: string): string {
  return page
    .replace('globalAPI: false', 'globalAPI: true')
    .replace('</head>', () => `<style>${STYLE}</style><script>${SCRIPT}</script></head>`);
}
