import { defineConfig } from 'prisma/config';

// Prisma's CLI is used to generate the client only. Migrations are written and applied without its schema
// engine binary (see scripts/migration.ts and src/db/migrations/migrate.ts), so that nothing has to be downloaded.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
