/** Makes src/generated match prisma/schema.prisma. True when something was generated. */
export function ensureGenerated(): Promise<boolean>;
