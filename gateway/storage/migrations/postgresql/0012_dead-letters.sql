-- CreateTable
CREATE TABLE "DeadLetter" (
    "id" TEXT NOT NULL,
    "destination" TEXT NOT NULL,
    "eventId" BIGINT NOT NULL,
    "topic" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "DeadLetter_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "DeadLetter_at_idx" ON "DeadLetter"("at");

-- CreateIndex
CREATE UNIQUE INDEX "DeadLetter_destination_eventId_key" ON "DeadLetter"("destination", "eventId");
