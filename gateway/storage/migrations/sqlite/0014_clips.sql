-- CreateTable
CREATE TABLE "Clip" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "caseId" TEXT NOT NULL,
    "cameraId" TEXT NOT NULL,
    "cellCode" TEXT NOT NULL,
    "placeClass" TEXT NOT NULL,
    "nodeId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "why" TEXT,
    "alarmAt" DATETIME NOT NULL,
    "startsAt" DATETIME,
    "endsAt" DATETIME,
    "mimeType" TEXT,
    "sizeBytes" INTEGER,
    "sha256" TEXT,
    "keepUntil" DATETIME,
    "deletedAt" DATETIME
);

-- CreateIndex
CREATE INDEX "Clip_state_keepUntil_idx" ON "Clip"("state", "keepUntil");

-- CreateIndex
CREATE UNIQUE INDEX "Clip_caseId_cameraId_key" ON "Clip"("caseId", "cameraId");
