-- AlterTable
ALTER TABLE "Device" ADD COLUMN "certificateSha256" TEXT;
ALTER TABLE "Device" ADD COLUMN "overridesJson" TEXT;
ALTER TABLE "Device" ADD COLUMN "rtspCertificateSha256" TEXT;
