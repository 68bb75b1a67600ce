-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "artifact_training_id" TEXT;

-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "artifact" JSONB;
