// A page in which React runs, without a browser. Plain JavaScript: the types of react-dom and happy-dom need those of a
// browser, which the server's code must not see.
import { act } from 'react';
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
  const leave = async () => {
    // With its effects, which React would run later, when there is no page.
    globalThis.IS_REACT_ACT_ENVIRONMENT = true;
    await act(async () => root?.unmount());
    delete globalThis.IS_REACT_ACT_ENVIRONMENT;
    root = null;
  };
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
    leave,
    async close() {
      await leave();
      await window.happyDOM.close();
      for (const [name, property] of before) {
        Reflect.deleteProperty(globalThis, name);
        if (property !== undefined) Object.defineProperty(globalThis, name, property);
      }
    },
  };
}
