-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "other_lora_file_urls" JSONB;
