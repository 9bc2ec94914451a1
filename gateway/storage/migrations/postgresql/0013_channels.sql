-- AlterTable
ALTER TABLE "Case" ADD COLUMN     "acknowledgedAt" TIMESTAMP(3),
ADD COLUMN     "occurredAt" TIMESTAMP(3),
ADD COLUMN     "overdueAt" TIMESTAMP(3),
ADD COLUMN     "respondBy" TIMESTAMP(3),
ADD COLUMN     "respondedAt" TIMESTAMP(3),
ADD COLUMN     "shownAt" TIMESTAMP(3);

-- AlterTable
ALTER TABLE "Notification" ADD COLUMN     "channelId" TEXT,
ADD COLUMN     "channelName" TEXT,
ADD COLUMN     "fault" TEXT,
ADD COLUMN     "receivedAt" TIMESTAMP(3);

-- CreateTable
CREATE TABLE "Channel" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "host" TEXT NOT NULL,
    "sealedSettings" BYTEA NOT NULL,
    "cellCodesJson" TEXT,
    "networksJson" TEXT NOT NULL,
    "ratePerMinute" INTEGER NOT NULL,
    "language" TEXT NOT NULL,
    "consoleUrl" TEXT,
    "enabled" BOOLEAN NOT NULL,
    "lastNumber" BIGINT NOT NULL DEFAULT 0,
    "leaseNode" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL,
    "removedAt" TIMESTAMP(3),

    CONSTRAINT "Channel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Delivery" (
    "id" TEXT NOT NULL,
    "channelId" TEXT NOT NULL,
    "number" BIGINT NOT NULL,
    "notificationId" TEXT NOT NULL,
    "caseId" TEXT NOT NULL,
    "toId" TEXT NOT NULL,
    "messageJson" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAt" TIMESTAMP(3),
    "at" TIMESTAMP(3) NOT NULL,
    "triedAt" TIMESTAMP(3),
    "fault" TEXT,

    CONSTRAINT "Delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Contact" (
    "userId" TEXT NOT NULL,
    "sealedPhone" BYTEA NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Contact_pkey" PRIMARY KEY ("userId")
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

-- AddForeignKey
ALTER TABLE "Delivery" ADD CONSTRAINT "Delivery_channelId_fkey" FOREIGN KEY ("channelId") REFERENCES "Channel"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
