-- AlterTable
ALTER TABLE "AlarmSource" ADD COLUMN     "pauseReason" TEXT,
ADD COLUMN     "pausedUntil" TIMESTAMP(3),
ADD COLUMN     "priority" INTEGER,
ADD COLUMN     "retiredAt" TIMESTAMP(3);
