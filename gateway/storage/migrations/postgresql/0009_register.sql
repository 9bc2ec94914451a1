-- AlterTable
ALTER TABLE "View" ADD COLUMN "recording" TEXT;

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "unit" TEXT;

-- AlterTable
ALTER TABLE "Link" ADD COLUMN     "tellsFirstView" BOOLEAN;

-- AlterTable
ALTER TABLE "Consent" ADD COLUMN     "paperJson" TEXT;

-- CreateTable
CREATE TABLE "LinkPeriod" (
    "id" TEXT NOT NULL,
    "linkId" TEXT NOT NULL,
    "consentVersion" INTEGER,
    "fromAt" TIMESTAMP(3) NOT NULL,
    "untilAt" TIMESTAMP(3),

    CONSTRAINT "LinkPeriod_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PaperConsent" (
    "id" TEXT NOT NULL,
    "linkId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "scopesJson" TEXT NOT NULL,
    "hoursJson" TEXT,
    "validUntil" TIMESTAMP(3) NOT NULL,
    "documentHash" TEXT NOT NULL,
    "signedOn" TEXT NOT NULL,
    "recordedById" TEXT NOT NULL,
    "recordedByName" TEXT NOT NULL,
    "recordedAt" TIMESTAMP(3) NOT NULL,
    "decidedById" TEXT,
    "decidedByName" TEXT,
    "decidedAt" TIMESTAMP(3),
    "reason" TEXT,

    CONSTRAINT "PaperConsent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RegisterEntry" (
    "cameraId" TEXT NOT NULL,
    "inUseOn" TEXT,
    "filingNumber" TEXT,
    "filingOn" TEXT,
    "signOn" TEXT,
    "retentionDays" INTEGER,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "RegisterEntry_pkey" PRIMARY KEY ("cameraId")
);

-- CreateIndex
CREATE INDEX "LinkPeriod_linkId_fromAt_idx" ON "LinkPeriod"("linkId", "fromAt");

-- CreateIndex
CREATE INDEX "PaperConsent_linkId_idx" ON "PaperConsent"("linkId");

-- CreateIndex
CREATE INDEX "PaperConsent_state_idx" ON "PaperConsent"("state");

-- AddForeignKey
ALTER TABLE "LinkPeriod" ADD CONSTRAINT "LinkPeriod_linkId_fkey" FOREIGN KEY ("linkId") REFERENCES "Link"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PaperConsent" ADD CONSTRAINT "PaperConsent_linkId_fkey" FOREIGN KEY ("linkId") REFERENCES "Link"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RegisterEntry" ADD CONSTRAINT "RegisterEntry_cameraId_fkey" FOREIGN KEY ("cameraId") REFERENCES "Camera"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Links that are active go on being so: their first period begins where their present state did.
INSERT INTO "LinkPeriod" ("id", "linkId", "consentVersion", "fromAt")
SELECT l."id", l."id", (SELECT MAX(c."version") FROM "Consent" c WHERE c."linkId" = l."id"), l."stateSince"
FROM "Link" l WHERE l."state" = 'active';
