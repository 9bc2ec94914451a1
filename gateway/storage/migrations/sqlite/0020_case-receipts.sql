-- CreateTable
CREATE TABLE "CaseReceipt" (
    "caseId" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "at" DATETIME NOT NULL,

    PRIMARY KEY ("caseId", "place", "at")
);
