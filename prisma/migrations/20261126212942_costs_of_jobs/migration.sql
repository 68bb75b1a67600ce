-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "billable_units" DECIMAL(15,6),
ADD COLUMN     "estimated_micro_usd" BIGINT;
