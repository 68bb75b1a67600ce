-- Until now only the avatar kept an artefact. It is that of the avatar's newest completed training.
UPDATE "jobs" j SET "artifact" = CASE
  WHEN a."finetune_id" IS NOT NULL THEN jsonb_build_object('kind', 'FINETUNE', 'finetuneId', a."finetune_id")
  ELSE jsonb_build_object('kind', 'LORA', 'loraUrl', a."diffusers_lora_file_url", 'configUrl', a."config_file_url")
END
FROM "avatars" a
WHERE a."artifact_trainer" = j."trainer"
  AND coalesce(a."finetune_id", a."diffusers_lora_file_url") IS NOT NULL
  AND j."id" = (
    SELECT n."id" FROM "jobs" n
    WHERE n."avatar_id" = a."id" AND n."kind" = 'TRAINING' AND n."state" = 'COMPLETED'
    ORDER BY n."settled_at" DESC NULLS LAST, n."id" DESC LIMIT 1
  );
UPDATE "avatars" a SET "artifact_training_id" = j."id" FROM "jobs" j
WHERE j."avatar_id" = a."id" AND j."artifact" IS NOT NULL;
