import { createContext, useContext } from 'react';
import type { LikenessClient } from '@likeness/client';
import type { Library } from './library.ts';
import type { Session } from '../session/session.ts';
import type { Trays } from '../photos/trays.ts';

/** What every part of the page uses. */
export type Studio = {
  readonly client: LikenessClient;
  readonly session: Session;
  readonly library: Library;
  readonly trays: Trays;
  /** Null: users paste their tokens. */
  readonly loginUrl: string | null;
};

const StudioContext = createContext<Studio | null>(null);

export const StudioProvider = StudioContext.Provider;

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (studio === null) throw new Error('This component needs a StudioProvider around it.');
  return studio;
}
