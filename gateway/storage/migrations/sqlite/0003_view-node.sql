-- AlterTable
ALTER TABLE "View" ADD COLUMN "nodeId" TEXT;
