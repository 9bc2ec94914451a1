-- CreateTable
CREATE TABLE "Clip" (
    "id" TEXT NOT NULL,
    "caseId" TEXT NOT NULL,
    "cameraId" TEXT NOT NULL,
    "cellCode" TEXT NOT NULL,
    "placeClass" TEXT NOT NULL,
    "nodeId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "why" TEXT,
    "alarmAt" TIMESTAMP(3) NOT NULL,
    "startsAt" TIMESTAMP(3),
    "endsAt" TIMESTAMP(3),
    "mimeType" TEXT,
    "sizeBytes" INTEGER,
    "sha256" TEXT,
    "keepUntil" TIMESTAMP(3),
    "deletedAt" TIMESTAMP(3),

    CONSTRAINT "Clip_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Clip_state_keepUntil_idx" ON "Clip"("state", "keepUntil");

-- CreateIndex
CREATE UNIQUE INDEX "Clip_caseId_cameraId_key" ON "Clip"("caseId", "cameraId");
