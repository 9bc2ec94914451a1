-- CreateTable
CREATE TABLE "CaseReceipt" (
    "caseId" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "CaseReceipt_pkey" PRIMARY KEY ("caseId","place","at")
);
