import type { ReactElement } from 'react';

export type Page = {
  /** What components threw, and what differed between server and page. */
  readonly errors: readonly unknown[];
  text(): string;
  /** The HTML that a server sends. */
  renderOnServer(element: ReactElement): string;
  render(element: ReactElement): void;
  /** Takes over the HTML of a server. */
  hydrate(html: string, element: ReactElement): void;
  /** Unmounts what was rendered, and runs the effects of that. */
  leave(): Promise<void>;
  close(): Promise<void>;
};

/** Only one page may be open at a time. */
export function openPage(): Promise<Page>;
