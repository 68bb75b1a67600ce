export declare const PROGRAMS: Readonly<
  Record<'main' | 'fal' | 'demo' | 'backup' | 'restore' | 'move-to-postgres' | 'operator', string>
>;
export declare function buildPrograms(
  names: readonly (keyof typeof PROGRAMS)[],
  options?: { readonly isCached?: boolean },
): Promise<void>;
