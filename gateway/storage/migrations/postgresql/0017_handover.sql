-- CreateTable
CREATE TABLE "Handover" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "outgoingId" TEXT NOT NULL,
    "outgoingName" TEXT NOT NULL,
    "incomingId" TEXT NOT NULL,
    "incomingName" TEXT NOT NULL,
    "notes" TEXT,
    "mattersJson" TEXT NOT NULL,

    CONSTRAINT "Handover_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Handover_at_idx" ON "Handover"("at");
