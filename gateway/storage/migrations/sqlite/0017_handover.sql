-- CreateTable
CREATE TABLE "Handover" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "at" DATETIME NOT NULL,
    "outgoingId" TEXT NOT NULL,
    "outgoingName" TEXT NOT NULL,
    "incomingId" TEXT NOT NULL,
    "incomingName" TEXT NOT NULL,
    "notes" TEXT,
    "mattersJson" TEXT NOT NULL
);

-- CreateIndex
CREATE INDEX "Handover_at_idx" ON "Handover"("at");
