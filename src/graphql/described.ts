/** The values of an enum type, from their descriptions by name. */
export function described<Name extends string>(texts: Readonly<Record<Name, string>>) {
  const values = Object.entries<string>(texts).map(([name, description]) => [name, { description }] as const);
  return Object.fromEntries(values) as Record<Name, { description: string }>;
}
