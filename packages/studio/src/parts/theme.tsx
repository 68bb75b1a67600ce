import { Observable, useObservable } from '../live/observable.ts';
import { icons } from './icons.tsx';

type Theme = 'light' | 'dark';

const KEY = 'likeness.theme';
const DARK = matchMedia('(prefers-color-scheme: dark)');

/** The choice of the user; null: that of the system. */
const chosen = new Observable<Theme | null>(stored());
const system = new Observable<Theme>(DARK.matches ? 'dark' : 'light');
DARK.addEventListener('change', () => system.set(DARK.matches ? 'dark' : 'light'));

/** Applies the chosen theme. Call it before the first rendering. */
export function showTheme(): void {
  const theme = chosen.get();
  if (theme === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function ThemeButton() {
  const ofSystem = useObservable(system);
  const theme = useObservable(chosen) ?? ofSystem;
  const other = theme === 'dark' ? 'light' : 'dark';
  const choose = () => {
    const choice = other === ofSystem ? null : other;
    chosen.set(choice);
    if (choice === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
    showTheme();
  };
  const label = other === 'dark' ? 'Dark theme' : 'Light theme';
  return (
    <button
      type="button"
      className="button icon-only quiet"
      aria-label={label}
      title={label}
      onClick={choose}
    >
      {other === 'dark' ? icons.lamp : icons.sun}
    </button>
  );
}

function stored(): Theme | null {
  const theme = localStorage.getItem(KEY);
  return theme === 'light' || theme === 'dark' ? theme : null;
}
