export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

export type Terminal = {
  /** An interactive terminal that can redraw lines. */
  readonly isLive: boolean;
  /** Current width in columns. */
  readonly width: () => number;
  readonly paint: (style: Style, text: string) => string;
};

/** The default and the largest width. */
const WIDEST = 80;

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Record<Style, readonly [number, number]>;

/** @param environment NO_COLOR (https://no-color.org) and TERM=dumb are honoured */
export function readTerminal(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const isLive = stream.isTTY === true && environment['TERM'] !== 'dumb';
  const noColour = environment['NO_COLOR'];
  const isColoured = isLive && (noColour === undefined || noColour === '');
  return {
    isLive,
    width: () => {
      const columns = stream.columns ?? 0;
      // Some terminals report 0 for an unknown width.
      return columns > 0 ? Math.min(columns, WIDEST) : WIDEST;
    },
    paint: (style, text) => {
      if (!isColoured || text === '') return text;
      const [on, off] = CODES[style];
      return `\u001b[${on}m${text}\u001b[${off}m`;
    },
  };
}
