-- AlterTable
ALTER TABLE "AlarmSource" ADD COLUMN "alarmType" TEXT;
ALTER TABLE "AlarmSource" ADD COLUMN "device" TEXT;
ALTER TABLE "AlarmSource" ADD COLUMN "lastSequence" BIGINT;
ALTER TABLE "AlarmSource" ADD COLUMN "silenceSeconds" INTEGER;
ALTER TABLE "AlarmSource" ADD COLUMN "topic" TEXT;

-- CreateTable
CREATE TABLE "PanelAccount" (
    "sourceId" TEXT NOT NULL PRIMARY KEY,
    "account" TEXT NOT NULL,
    "sealedKey" BLOB,
    "lastSequence" INTEGER,
    "lastHash" TEXT
);

-- CreateIndex
CREATE UNIQUE INDEX "PanelAccount_account_key" ON "PanelAccount"("account");
