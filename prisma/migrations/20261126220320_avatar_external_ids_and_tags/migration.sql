-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "external_id" TEXT;

-- CreateTable
CREATE TABLE "avatar_tags" (
    "avatar_id" TEXT NOT NULL,
    "tag" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,

    CONSTRAINT "avatar_tags_pkey" PRIMARY KEY ("avatar_id","tag")
);

-- CreateTable
CREATE TABLE "avatar_creations" (
    "owner_id" TEXT NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "idempotency_digest" TEXT NOT NULL,
    "avatar_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "avatar_creations_pkey" PRIMARY KEY ("owner_id","idempotency_key")
);

-- CreateIndex
CREATE UNIQUE INDEX "ux_avatars_owner_id_external_id" ON "avatars"("owner_id", "external_id");

-- AddForeignKey
ALTER TABLE "avatar_tags" ADD CONSTRAINT "avatar_tags_avatar_id_fkey" FOREIGN KEY ("avatar_id") REFERENCES "avatars"("id") ON DELETE CASCADE ON UPDATE CASCADE;
