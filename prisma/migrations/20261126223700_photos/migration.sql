-- CreateEnum
CREATE TYPE "photo_state" AS ENUM ('PENDING', 'ACCEPTED', 'REFUSED');

-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "photos_version" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "photos" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "avatar_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "caption" TEXT,
    "state" "photo_state" NOT NULL DEFAULT 'PENDING',
    "token_hash" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "file" TEXT,
    "content_type" TEXT,
    "width" INTEGER,
    "height" INTEGER,
    "sha256" TEXT,
    "perceptual_hash" TEXT,
    "reason_code" TEXT,
    "warning_codes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "delete_after_job_id" TEXT,
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "photos_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ux_photos_token_hash" ON "photos"("token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "ux_photos_file" ON "photos"("file");

-- CreateIndex
CREATE INDEX "ix_photos_avatar_id" ON "photos"("avatar_id", "id");

-- CreateIndex
CREATE INDEX "ix_photos_owner_id" ON "photos"("owner_id");

-- CreateIndex
CREATE INDEX "ix_photos_expires_at" ON "photos"("expires_at");

-- CreateIndex
CREATE INDEX "ix_photos_delete_after_job_id" ON "photos"("delete_after_job_id");

-- AddForeignKey
ALTER TABLE "photos" ADD CONSTRAINT "photos_avatar_id_fkey" FOREIGN KEY ("avatar_id") REFERENCES "avatars"("id") ON DELETE CASCADE ON UPDATE CASCADE;
