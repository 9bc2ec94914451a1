-- AlterTable
ALTER TABLE "View" ADD COLUMN "heardAt" DATETIME;
