-- AlterTable
ALTER TABLE "View" ADD COLUMN     "heardAt" TIMESTAMP(3);
