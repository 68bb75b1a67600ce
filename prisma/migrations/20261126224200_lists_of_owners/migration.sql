-- CreateIndex
CREATE INDEX "ix_avatar_tags_owner_id_tag" ON "avatar_tags"("owner_id", "tag", "avatar_id");

-- CreateIndex
CREATE INDEX "ix_avatars_owner_id_status" ON "avatars"("owner_id", "status", "id");

-- CreateIndex
CREATE INDEX "ix_avatars_owner_id_training_type" ON "avatars"("owner_id", "training_type", "id");

-- CreateIndex
CREATE INDEX "ix_generations_owner_id" ON "generations"("owner_id", "id");

-- CreateIndex
CREATE INDEX "ix_generations_owner_id_status" ON "generations"("owner_id", "status", "id");
