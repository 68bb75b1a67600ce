-- CreateEnum
CREATE TYPE "result_file_state" AS ENUM ('PENDING', 'STORED', 'FAILED');

-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "files_listed_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "result_files" (
    "run_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "avatar_id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "state" "result_file_state" NOT NULL DEFAULT 'PENDING',
    "file" TEXT,
    "size" BIGINT,
    "sha256" TEXT,
    "content_type" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "failure" TEXT,
    "next_attempt_at" TIMESTAMPTZ(3) DEFAULT transaction_timestamp(),
    "leased_by" TEXT,
    "stored_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "result_files_pkey" PRIMARY KEY ("run_id","position")
);

-- CreateIndex
CREATE UNIQUE INDEX "ux_result_files_file" ON "result_files"("file");

-- CreateIndex
CREATE INDEX "ix_result_files_avatar_id" ON "result_files"("avatar_id");

-- CreateIndex
CREATE INDEX "ix_result_files_next_attempt_at" ON "result_files"("next_attempt_at");

-- CreateIndex
CREATE INDEX "ix_jobs_files_unlisted" ON "jobs"("id") WHERE ((state = 'COMPLETED'::job_state) AND (files_listed_at IS NULL));

-- AddForeignKey
ALTER TABLE "result_files" ADD CONSTRAINT "result_files_avatar_id_fkey" FOREIGN KEY ("avatar_id") REFERENCES "avatars"("id") ON DELETE CASCADE ON UPDATE CASCADE;
