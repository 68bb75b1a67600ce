// A page in which React runs, without a browser. Plain JavaScript: the types of react-dom and happy-dom need those of a
// browser, which the server's code must not see.
import { Window } from 'happy-dom';

/** @returns {Promise<import('./page.d.mts').Page>} */
export async function openPage() {
  const window = new Window({ url: 'http://127.0.0.1/' });
  const { document, navigator } = window;
  const before = Object.entries({ window, document, navigator }).map(([name, value]) => {
    const property = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    return [name, property];
  });
  // React looks for the globals when it is loaded.
  const { createRoot, hydrateRoot } = await import('react-dom/client');
  const { renderToString } = await import('react-dom/server');
  const container = document.createElement('div');
  document.body.append(container);
  const errors = [];
  const options = {
    onUncaughtError: (error) => errors.push(error),
    onRecoverableError: (error) => errors.push(error),
  };
  let root = null;
  return {
    errors,
    text: () => container.textContent,
    renderOnServer: (element) => renderToString(element),
    render(element) {
      root ??= createRoot(container, options);
      root.render(element);
    },
    hydrate(html, element) {
      container.innerHTML = html;
      root = hydrateRoot(container, element, options);
    },
    leave() {
      root?.unmount();
      root = null;
    },
    async close() {
      root?.unmount();
      await window.happyDOM.close();
      for (const [name, property] of before) {
        Reflect.deleteProperty(globalThis, name);
        if (property !== undefined) Object.defineProperty(globalThis, name, property);
      }
    },
  };
}
