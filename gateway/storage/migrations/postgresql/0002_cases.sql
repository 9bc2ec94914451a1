-- CreateTable
CREATE TABLE "Case" (
    "id" TEXT NOT NULL,
    "cellCode" TEXT NOT NULL,
    "year" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "phase" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "sourceId" TEXT NOT NULL,
    "cameraId" TEXT,
    "text" TEXT NOT NULL,
    "groupKey" TEXT,
    "occurrences" INTEGER NOT NULL,
    "openedAt" TIMESTAMP(3) NOT NULL,
    "lastAlarmAt" TIMESTAMP(3) NOT NULL,
    "ownerId" TEXT,
    "ownerName" TEXT,
    "assigneeId" TEXT,
    "assigneeName" TEXT,
    "dueAt" TIMESTAMP(3),
    "closedAt" TIMESTAMP(3),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "Case_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "CaseNumber" (
    "cellCode" TEXT NOT NULL,
    "year" INTEGER NOT NULL,
    "value" INTEGER NOT NULL,

    CONSTRAINT "CaseNumber_pkey" PRIMARY KEY ("cellCode","year")
);

-- CreateTable
CREATE TABLE "CaseAction" (
    "id" TEXT NOT NULL,
    "caseId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "action" TEXT NOT NULL,
    "idempotencyKey" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "deviceAt" TIMESTAMP(3),
    "byId" TEXT,
    "byName" TEXT NOT NULL,
    "text" TEXT,

    CONSTRAINT "CaseAction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Notification" (
    "id" TEXT NOT NULL,
    "caseId" TEXT NOT NULL,
    "toId" TEXT NOT NULL,
    "toName" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "dueAt" TIMESTAMP(3),

    CONSTRAINT "Notification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Duty" (
    "userId" TEXT NOT NULL,
    "since" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Duty_pkey" PRIMARY KEY ("userId")
);

-- CreateIndex
CREATE UNIQUE INDEX "Case_groupKey_key" ON "Case"("groupKey");

-- CreateIndex
CREATE INDEX "Case_phase_openedAt_idx" ON "Case"("phase", "openedAt");

-- CreateIndex
CREATE INDEX "Case_openedAt_idx" ON "Case"("openedAt");

-- CreateIndex
CREATE INDEX "Case_dueAt_idx" ON "Case"("dueAt");

-- CreateIndex
CREATE UNIQUE INDEX "Case_cellCode_year_number_key" ON "Case"("cellCode", "year", "number");

-- CreateIndex
CREATE INDEX "CaseAction_caseId_version_idx" ON "CaseAction"("caseId", "version");

-- CreateIndex
CREATE UNIQUE INDEX "CaseAction_caseId_idempotencyKey_key" ON "CaseAction"("caseId", "idempotencyKey");

-- CreateIndex
CREATE INDEX "Notification_caseId_idx" ON "Notification"("caseId");

-- CreateIndex
CREATE INDEX "Notification_toId_state_idx" ON "Notification"("toId", "state");

-- CreateIndex
CREATE INDEX "Notification_dueAt_idx" ON "Notification"("dueAt");

-- CreateIndex
CREATE INDEX "Alarm_caseId_receivedAt_idx" ON "Alarm"("caseId", "receivedAt");

-- AddForeignKey
ALTER TABLE "CaseAction" ADD CONSTRAINT "CaseAction_caseId_fkey" FOREIGN KEY ("caseId") REFERENCES "Case"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Notification" ADD CONSTRAINT "Notification_caseId_fkey" FOREIGN KEY ("caseId") REFERENCES "Case"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
