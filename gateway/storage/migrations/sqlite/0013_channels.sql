-- AlterTable
ALTER TABLE "Case" ADD COLUMN "acknowledgedAt" DATETIME;
ALTER TABLE "Case" ADD COLUMN "occurredAt" DATETIME;
ALTER TABLE "Case" ADD COLUMN "overdueAt" DATETIME;
ALTER TABLE "Case" ADD COLUMN "respondBy" DATETIME;
ALTER TABLE "Case" ADD COLUMN "respondedAt" DATETIME;
ALTER TABLE "Case" ADD COLUMN "shownAt" DATETIME;

-- AlterTable
ALTER TABLE "Notification" ADD COLUMN "channelId" TEXT;
ALTER TABLE "Notification" ADD COLUMN "channelName" TEXT;
ALTER TABLE "Notification" ADD COLUMN "fault" TEXT;
ALTER TABLE "Notification" ADD COLUMN "receivedAt" DATETIME;

-- CreateTable
CREATE TABLE "Channel" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "host" TEXT NOT NULL,
    "sealedSettings" BLOB NOT NULL,
    "cellCodesJson" TEXT,
    "networksJson" TEXT NOT NULL,
    "ratePerMinute" INTEGER NOT NULL,
    "language" TEXT NOT NULL,
    "consoleUrl" TEXT,
    "enabled" BOOLEAN NOT NULL,
    "lastNumber" BIGINT NOT NULL DEFAULT 0,
    "leaseNode" TEXT,
    "leaseUntil" DATETIME,
    "createdAt" DATETIME NOT NULL,
    "removedAt" DATETIME
);

-- CreateTable
CREATE TABLE "Delivery" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "channelId" TEXT NOT NULL,
    "number" BIGINT NOT NULL,
    "notificationId" TEXT NOT NULL,
    "caseId" TEXT NOT NULL,
    "toId" TEXT NOT NULL,
    "messageJson" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAt" DATETIME,
    "at" DATETIME NOT NULL,
    "triedAt" DATETIME,
    "fault" TEXT,
    CONSTRAINT "Delivery_channelId_fkey" FOREIGN KEY ("channelId") REFERENCES "Channel" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Contact" (
    "userId" TEXT NOT NULL PRIMARY KEY,
    "sealedPhone" BLOB NOT NULL,
    "updatedAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "Channel_position_idx" ON "Channel"("position");

-- CreateIndex
CREATE INDEX "Delivery_channelId_state_number_idx" ON "Delivery"("channelId", "state", "number");

-- CreateIndex
CREATE INDEX "Delivery_caseId_idx" ON "Delivery"("caseId");

-- CreateIndex
CREATE UNIQUE INDEX "Delivery_channelId_number_key" ON "Delivery"("channelId", "number");

-- CreateIndex
CREATE INDEX "Case_overdueAt_respondedAt_respondBy_idx" ON "Case"("overdueAt", "respondedAt", "respondBy");
