-- CreateTable
CREATE TABLE "changes" (
    "entity_id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "position" BIGINT,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "changes_pkey" PRIMARY KEY ("entity_id")
);

-- CreateTable
CREATE TABLE "change_positions" (
    "owner_id" TEXT NOT NULL,
    "last" BIGINT NOT NULL DEFAULT 0,
    "forgotten" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "change_positions_pkey" PRIMARY KEY ("owner_id")
);

-- CreateIndex
CREATE INDEX "ix_changes_owner_id_position" ON "changes"("owner_id", "position");

-- CreateIndex
CREATE INDEX "ix_changes_changed_at" ON "changes"("changed_at");
