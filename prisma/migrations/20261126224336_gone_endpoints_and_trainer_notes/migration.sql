-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "trainer_note" TEXT;

-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "trainer_note" TEXT;

-- CreateTable
CREATE TABLE "gone_endpoints" (
    "key_hash" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "said_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "gone_endpoints_pkey" PRIMARY KEY ("key_hash","endpoint")
);
