-- CreateTable
CREATE TABLE "StateChange" (
    "id" TEXT NOT NULL,
    "cameraId" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "fromState" TEXT NOT NULL,
    "toState" TEXT NOT NULL,

    CONSTRAINT "StateChange_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "StateChange_cameraId_at_idx" ON "StateChange"("cameraId", "at");

-- CreateIndex
CREATE INDEX "StateChange_at_idx" ON "StateChange"("at");
