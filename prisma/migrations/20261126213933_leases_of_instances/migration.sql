-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "leased_by" TEXT,
ADD COLUMN     "leased_until" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "instances" (
    "id" TEXT NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),

    CONSTRAINT "instances_pkey" PRIMARY KEY ("id")
);
