-- CreateIndex
CREATE INDEX "ix_jobs_trainings" ON "jobs"("avatar_id", "id") WHERE ((kind = 'TRAINING'::job_kind) AND (COALESCE(error_code, ''::text) <> ALL (ARRAY['PROVIDER_REJECTED'::text, 'PROVIDER_UNAVAILABLE'::text])));
