-- AlterTable
ALTER TABLE "Device" ADD COLUMN     "certificateSha256" TEXT,
ADD COLUMN     "overridesJson" TEXT,
ADD COLUMN     "rtspCertificateSha256" TEXT;
