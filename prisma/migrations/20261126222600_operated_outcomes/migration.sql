-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "error_waits_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "generations" ADD COLUMN     "error_waits_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "submit_stops" ADD COLUMN     "claimed_until" TIMESTAMPTZ(3);
