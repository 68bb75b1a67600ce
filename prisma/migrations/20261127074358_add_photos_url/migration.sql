-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "photos_url" TEXT;
