-- CreateTable
CREATE TABLE "database_identity" (
    "is_only" BOOLEAN NOT NULL DEFAULT true,
    "id" TEXT NOT NULL,

    CONSTRAINT "database_identity_pkey" PRIMARY KEY ("is_only")
);
