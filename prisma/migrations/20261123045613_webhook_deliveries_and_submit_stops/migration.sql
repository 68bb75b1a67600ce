-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "id" BIGSERIAL NOT NULL,
    "job_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "body_sha256" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "body" BYTEA,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "submit_stops" (
    "reason" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "submit_stops_pkey" PRIMARY KEY ("reason")
);

-- CreateIndex
CREATE INDEX "ix_webhook_deliveries_job_id" ON "webhook_deliveries"("job_id");

-- CreateIndex
CREATE INDEX "ix_webhook_deliveries_received_at" ON "webhook_deliveries"("received_at");

-- CreateIndex
CREATE UNIQUE INDEX "ux_webhook_deliveries_request_id_body_sha256" ON "webhook_deliveries"("request_id", "body_sha256");

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
