-- AlterTable
ALTER TABLE "AlarmSource" ADD COLUMN     "alarmType" TEXT,
ADD COLUMN     "device" TEXT,
ADD COLUMN     "lastSequence" BIGINT,
ADD COLUMN     "silenceSeconds" INTEGER,
ADD COLUMN     "topic" TEXT;

-- CreateTable
CREATE TABLE "PanelAccount" (
    "sourceId" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "sealedKey" BYTEA,
    "lastSequence" INTEGER,
    "lastHash" TEXT,

    CONSTRAINT "PanelAccount_pkey" PRIMARY KEY ("sourceId")
);

-- CreateIndex
CREATE UNIQUE INDEX "PanelAccount_account_key" ON "PanelAccount"("account");
