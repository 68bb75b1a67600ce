-- AlterTable
ALTER TABLE "submit_stops" ADD COLUMN     "next_probe_at" TIMESTAMPTZ(3) NOT NULL DEFAULT (now() + '00:01:00'::interval),
ADD COLUMN     "refusals" INTEGER NOT NULL DEFAULT 1;
