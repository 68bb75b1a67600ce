-- CreateEnum
CREATE TYPE "training_type" AS ENUM ('PORTRAIT', 'STYLE');

-- CreateEnum
CREATE TYPE "avatar_status" AS ENUM ('DRAFT', 'QUEUED', 'TRAINING', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "generation_status" AS ENUM ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "progress_source" AS ENUM ('QUEUE', 'LOGS', 'RESULT');

-- CreateEnum
CREATE TYPE "job_kind" AS ENUM ('TRAINING', 'GENERATION');

-- CreateEnum
CREATE TYPE "job_state" AS ENUM ('SUBMITTING', 'SUBMIT_UNKNOWN', 'QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateTable
CREATE TABLE "avatars" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "training_type" "training_type" NOT NULL,
    "status" "avatar_status" NOT NULL DEFAULT 'DRAFT',
    "trigger_phrase" TEXT NOT NULL,
    "fal_request_id" TEXT,
    "finetune_id" TEXT,
    "diffusers_lora_file_url" TEXT,
    "config_file_url" TEXT,
    "artifact_trainer" TEXT,
    "fal_response_data" JSONB,
    "progress_percent" INTEGER,
    "progress_queue_position" INTEGER,
    "progress_source" "progress_source",
    "error_code" TEXT,
    "error_message" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "training_started_at" TIMESTAMPTZ(3),
    "training_completed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "avatars_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "generations" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "avatar_id" TEXT NOT NULL,
    "status" "generation_status" NOT NULL DEFAULT 'QUEUED',
    "prompt" TEXT NOT NULL,
    "num_images" INTEGER NOT NULL,
    "strength" DOUBLE PRECISION,
    "seed" BIGINT,
    "images" JSONB NOT NULL DEFAULT '[]',
    "fal_request_id" TEXT,
    "fal_response_data" JSONB,
    "error_code" TEXT,
    "error_message" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "generations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs" (
    "id" TEXT NOT NULL,
    "kind" "job_kind" NOT NULL,
    "owner_id" TEXT NOT NULL,
    "avatar_id" TEXT,
    "generation_id" TEXT,
    "open_training_avatar_id" TEXT,
    "trainer" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "input" JSONB NOT NULL,
    "units" INTEGER NOT NULL DEFAULT 1,
    "idempotency_key" TEXT,
    "idempotency_digest" TEXT,
    "state" "job_state" NOT NULL DEFAULT 'SUBMITTING',
    "token" TEXT NOT NULL,
    "fal_request_id" TEXT,
    "status_url" TEXT,
    "response_url" TEXT,
    "cancel_url" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "poll_failures" INTEGER NOT NULL DEFAULT 0,
    "not_found_since" TIMESTAMPTZ(3),
    "next_poll_at" TIMESTAMPTZ(3) DEFAULT (now() + '00:01:00'::interval),
    "submitted_at" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),
    "cancel_answered_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    "settled_by" TEXT,
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "jobs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "announcements" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "announcements_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ix_avatars_fal_request_id" ON "avatars"("fal_request_id");

-- CreateIndex
CREATE INDEX "ix_avatars_finetune_id" ON "avatars"("finetune_id");

-- CreateIndex
CREATE INDEX "ix_avatars_owner_id" ON "avatars"("owner_id", "id");

-- CreateIndex
CREATE INDEX "ix_generations_avatar_id" ON "generations"("avatar_id", "id");

-- CreateIndex
CREATE INDEX "ix_generations_owner_id" ON "generations"("owner_id", "id");

-- CreateIndex
CREATE INDEX "ix_generations_fal_request_id" ON "generations"("fal_request_id");

-- CreateIndex
CREATE UNIQUE INDEX "ux_jobs_generation_id" ON "jobs"("generation_id");

-- CreateIndex
CREATE UNIQUE INDEX "ux_jobs_open_training_avatar_id" ON "jobs"("open_training_avatar_id");

-- CreateIndex
CREATE UNIQUE INDEX "ux_jobs_token" ON "jobs"("token");

-- CreateIndex
CREATE UNIQUE INDEX "ux_jobs_fal_request_id" ON "jobs"("fal_request_id");

-- CreateIndex
CREATE INDEX "ix_jobs_next_poll_at" ON "jobs"("next_poll_at");

-- CreateIndex
CREATE INDEX "ix_jobs_avatar_id" ON "jobs"("avatar_id");

-- CreateIndex
CREATE INDEX "ix_jobs_owner_id_kind_created_at" ON "jobs"("owner_id", "kind", "created_at");

-- CreateIndex
CREATE INDEX "ix_jobs_kind_created_at" ON "jobs"("kind", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "ux_jobs_owner_id_idempotency_key" ON "jobs"("owner_id", "idempotency_key");

-- AddForeignKey
ALTER TABLE "generations" ADD CONSTRAINT "generations_avatar_id_fkey" FOREIGN KEY ("avatar_id") REFERENCES "avatars"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_avatar_id_fkey" FOREIGN KEY ("avatar_id") REFERENCES "avatars"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_generation_id_fkey" FOREIGN KEY ("generation_id") REFERENCES "generations"("id") ON DELETE SET NULL ON UPDATE CASCADE;
