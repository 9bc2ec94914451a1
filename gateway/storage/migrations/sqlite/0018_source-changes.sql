-- AlterTable
ALTER TABLE "AlarmSource" ADD COLUMN "pauseReason" TEXT;
ALTER TABLE "AlarmSource" ADD COLUMN "pausedUntil" DATETIME;
ALTER TABLE "AlarmSource" ADD COLUMN "priority" INTEGER;
ALTER TABLE "AlarmSource" ADD COLUMN "retiredAt" DATETIME;
