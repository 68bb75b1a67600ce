import type { ReactNode } from 'react';

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const icons = {
  plus: (
    <Icon>
      <path d="M10 3.5v13M3.500 10h13" />
    </Icon>
  ),
  back: (
    <Icon>
      <path d="M12.500 4 6.500 10l6 6" />
    </Icon>
  ),
  next: (
    <Icon>
      <path d="m7.500 4 6 6-6 6" />
    </Icon>
  ),
  close: (
    <Icon>
      <path d="m4.500 4.500 11 11m0-11-11 11" />
    </Icon>
  ),
  again: (
    <Icon>
      <path d="M15.500 7A6.500 6.500 0 1 0 16.500 11M16 3v4.300h-4.300" />
    </Icon>
  ),
  download: (
    <Icon>
      <path d="M10 3v9.500m-4-4 4 4 4-4M4 16.500h12" />
    </Icon>
  ),
  open: (
    <Icon>
      <path d="M8 4.500H4v11.500h11.500v-4M11.500 3.500h5v5m0-5-7 7" />
    </Icon>
  ),
  bin: (
    <Icon>
      <path d="M3.500 5.500h13M8 5.500V3.500h4v2M5.500 5.500l.7 11h7.600l.7-11" />
    </Icon>
  ),
  pen: (
    <Icon>
      <path d="m4 16 .7-3.300 8.500-8.500 2.600 2.600-8.500 8.500zM11.500 6l2.600 2.600" />
    </Icon>
  ),
  sun: (
    <Icon>
      <circle cx="10" cy="10" r="3.500" />
      <path d="M10 1.500v2m0 13v2M1.500 10h2m13 0h2M4 4l1.400 1.400m9.200 9.200L16 16m0-12-1.400 1.400M5.400 14.600 4 16" />
    </Icon>
  ),
  lamp: (
    <Icon>
      <path d="M6.500 11a5 5 0 1 1 7 0c-.8.8-1.200 1.400-1.200 2.500H7.700c0-1.100-.4-1.700-1.200-2.500ZM8 16.500h4" />
    </Icon>
  ),
  leave: (
    <Icon>
      <path d="M8 3.500H4v13h4M8.500 10h8m-3-3.300 3 3.300-3 3.300" />
    </Icon>
  ),
} as const;

/** Marks of a grease pencil, as on a contact sheet: ring for a choice, cross for a reject. */
export function Mark({ kind }: { readonly kind: 'ring' | 'cross' | 'tick' }) {
  const paths = {
    ring: ['M64 7C38 2 10 16 7 48c-3 30 18 47 44 45 27-2 44-22 42-49C91 20 72 6 48 10'],
    cross: ['M10 8c24 24 52 56 82 84', 'M91 7C66 34 36 62 8 93'],
    tick: ['M10 54c10 8 18 19 24 34C46 58 64 30 92 8'],
  }[kind];
  return (
    <svg className={`mark mark-${kind}`} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      {paths.map((path) => (
        <path key={path} d={path} pathLength="1" />
      ))}
    </svg>
  );
}
