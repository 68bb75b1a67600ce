-- DropIndex
DROP INDEX "ix_avatars_fal_request_id";

-- DropIndex
DROP INDEX "ix_avatars_finetune_id";

-- DropIndex
DROP INDEX "ix_generations_fal_request_id";

-- DropIndex
DROP INDEX "ix_generations_owner_id";
