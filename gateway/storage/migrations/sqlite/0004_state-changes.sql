-- CreateTable
CREATE TABLE "StateChange" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "cameraId" TEXT NOT NULL,
    "at" DATETIME NOT NULL,
    "fromState" TEXT NOT NULL,
    "toState" TEXT NOT NULL
);

-- CreateIndex
CREATE INDEX "StateChange_cameraId_at_idx" ON "StateChange"("cameraId", "at");

-- CreateIndex
CREATE INDEX "StateChange_at_idx" ON "StateChange"("at");
