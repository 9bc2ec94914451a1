-- CreateTable
CREATE TABLE "TakenAhead" (
    "sourceId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "messageHash" TEXT NOT NULL,
    "alarmId" TEXT NOT NULL,
    "at" DATETIME NOT NULL,

    PRIMARY KEY ("sourceId", "name")
);

-- CreateIndex
CREATE INDEX "TakenAhead_at_idx" ON "TakenAhead"("at");
