-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "pause_reason" TEXT,
ADD COLUMN     "retry_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "submit_stops" ADD COLUMN     "kind" TEXT;
