-- CreateTable
CREATE TABLE "Setting" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "Counter" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "value" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "Division" (
    "code" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "parentCode" TEXT,
    "lead" TEXT,
    "deputy" TEXT,
    "geometryJson" TEXT
);

-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "username" TEXT NOT NULL,
    "displayName" TEXT NOT NULL,
    "passwordHash" TEXT NOT NULL,
    "rolesJson" TEXT NOT NULL,
    "cellCodesJson" TEXT,
    "disabledAt" DATETIME,
    "createdAt" DATETIME NOT NULL,
    "failedSignIns" INTEGER NOT NULL DEFAULT 0,
    "lockedUntil" DATETIME
);

-- CreateTable
CREATE TABLE "Session" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "tokenHash" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "userId" TEXT,
    "invitationId" TEXT,
    "createdAt" DATETIME NOT NULL,
    "lastSeenAt" DATETIME NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    "endedAt" DATETIME,
    CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Session_invitationId_fkey" FOREIGN KEY ("invitationId") REFERENCES "OwnerInvitation" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Token" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "rolesJson" TEXT NOT NULL,
    "cellCodesJson" TEXT,
    "createdAt" DATETIME NOT NULL,
    "expiresAt" DATETIME,
    "revokedAt" DATETIME
);

-- CreateTable
CREATE TABLE "Device" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "address" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "endpointReference" TEXT,
    "manufacturer" TEXT,
    "model" TEXT,
    "firmware" TEXT,
    "serial" TEXT,
    "deviceProfile" TEXT NOT NULL,
    "clockOffsetMs" INTEGER,
    "sealedCredentials" BLOB,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Camera" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "deviceId" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cellCode" TEXT NOT NULL,
    "placeClass" TEXT NOT NULL,
    "ownership" TEXT NOT NULL,
    "lon" REAL,
    "lat" REAL,
    "headingDeg" REAL,
    "gbId" TEXT,
    "state" TEXT NOT NULL,
    "stateSince" DATETIME NOT NULL,
    "stateReason" TEXT,
    "lastSeenAt" DATETIME,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "removedAt" DATETIME,
    CONSTRAINT "Camera_deviceId_fkey" FOREIGN KEY ("deviceId") REFERENCES "Device" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Stream" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "cameraId" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "codec" TEXT NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "frameRate" REAL,
    "uri" TEXT NOT NULL,
    CONSTRAINT "Stream_cameraId_fkey" FOREIGN KEY ("cameraId") REFERENCES "Camera" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Link" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "cameraId" TEXT NOT NULL,
    "ownership" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "stateSince" DATETIME NOT NULL,
    "stateReason" TEXT,
    "partyJson" TEXT NOT NULL,
    "basis" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "scopesJson" TEXT NOT NULL,
    "hoursJson" TEXT,
    "validFrom" DATETIME NOT NULL,
    "validUntil" DATETIME,
    "pausedUntil" DATETIME,
    "filingJson" TEXT,
    "createdAt" DATETIME NOT NULL,
    CONSTRAINT "Link_cameraId_fkey" FOREIGN KEY ("cameraId") REFERENCES "Camera" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Consent" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "linkId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "scopesJson" TEXT NOT NULL,
    "hoursJson" TEXT,
    "validUntil" DATETIME NOT NULL,
    "agreedAt" DATETIME NOT NULL,
    CONSTRAINT "Consent_linkId_fkey" FOREIGN KEY ("linkId") REFERENCES "Link" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "OwnerInvitation" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "linkId" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "usedAt" DATETIME,
    CONSTRAINT "OwnerInvitation_linkId_fkey" FOREIGN KEY ("linkId") REFERENCES "Link" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "View" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "cameraId" TEXT NOT NULL,
    "linkId" TEXT NOT NULL,
    "consentVersion" INTEGER,
    "stream" TEXT NOT NULL,
    "viewerId" TEXT NOT NULL,
    "viewerName" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "sessionId" TEXT NOT NULL,
    "reasonKind" TEXT NOT NULL,
    "reasonCaseId" TEXT,
    "reasonText" TEXT,
    "startedAt" DATETIME NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    "endedAt" DATETIME,
    "endedWhy" TEXT,
    CONSTRAINT "View_cameraId_fkey" FOREIGN KEY ("cameraId") REFERENCES "Camera" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "View_linkId_fkey" FOREIGN KEY ("linkId") REFERENCES "Link" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AlarmSource" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "cellCode" TEXT NOT NULL,
    "cameraId" TEXT,
    "mapping" TEXT,
    "mqttPasswordHash" TEXT NOT NULL,
    "webhookTokenHash" TEXT NOT NULL,
    "lastHeardAt" DATETIME,
    "sendsHeartbeats" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Alarm" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sourceId" TEXT NOT NULL,
    "sourceKey" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,
    "cellCode" TEXT NOT NULL,
    "cameraId" TEXT,
    "occurredAt" DATETIME NOT NULL,
    "receivedAt" DATETIME NOT NULL,
    "state" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "dataJson" TEXT,
    "occurrences" INTEGER NOT NULL DEFAULT 1,
    "caseId" TEXT,
    "strippedFields" INTEGER NOT NULL DEFAULT 0
);

-- CreateTable
CREATE TABLE "RejectedInput" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sourceId" TEXT,
    "reason" TEXT NOT NULL,
    "at" DATETIME NOT NULL,
    "payload" BLOB NOT NULL
);

-- CreateTable
CREATE TABLE "Event" (
    "id" BIGINT NOT NULL PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "cellCode" TEXT NOT NULL,
    "sessionId" TEXT,
    "dataJson" TEXT NOT NULL,
    "at" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Destination" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "deliveredEventId" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "AuditEntry" (
    "sequence" BIGINT NOT NULL PRIMARY KEY,
    "version" INTEGER NOT NULL,
    "at" DATETIME NOT NULL,
    "bootId" TEXT NOT NULL,
    "monotonicMs" BIGINT NOT NULL,
    "actorKind" TEXT NOT NULL,
    "actorId" TEXT,
    "actorName" TEXT NOT NULL,
    "rolesJson" TEXT NOT NULL,
    "sessionId" TEXT,
    "action" TEXT NOT NULL,
    "object" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "why" TEXT,
    "consentVersion" INTEGER,
    "detailJson" TEXT,
    "detailSalt" BLOB,
    "detailHash" BLOB NOT NULL,
    "previousHash" BLOB NOT NULL,
    "hash" BLOB NOT NULL
);

-- CreateTable
CREATE TABLE "AuditCheckpoint" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sequence" BIGINT NOT NULL,
    "hash" BLOB NOT NULL,
    "at" DATETIME NOT NULL,
    "publicKey" BLOB NOT NULL,
    "signature" BLOB NOT NULL
);

-- CreateIndex
CREATE INDEX "Division_parentCode_idx" ON "Division"("parentCode");

-- CreateIndex
CREATE UNIQUE INDEX "User_username_key" ON "User"("username");

-- CreateIndex
CREATE UNIQUE INDEX "Session_tokenHash_key" ON "Session"("tokenHash");

-- CreateIndex
CREATE INDEX "Session_userId_idx" ON "Session"("userId");

-- CreateIndex
CREATE INDEX "Session_invitationId_idx" ON "Session"("invitationId");

-- CreateIndex
CREATE UNIQUE INDEX "Token_tokenHash_key" ON "Token"("tokenHash");

-- CreateIndex
CREATE UNIQUE INDEX "Device_kind_address_key" ON "Device"("kind", "address");

-- CreateIndex
CREATE UNIQUE INDEX "Camera_gbId_key" ON "Camera"("gbId");

-- CreateIndex
CREATE INDEX "Camera_cellCode_idx" ON "Camera"("cellCode");

-- CreateIndex
CREATE INDEX "Camera_deviceId_idx" ON "Camera"("deviceId");

-- CreateIndex
CREATE UNIQUE INDEX "Stream_cameraId_role_key" ON "Stream"("cameraId", "role");

-- CreateIndex
CREATE INDEX "Link_cameraId_idx" ON "Link"("cameraId");

-- CreateIndex
CREATE INDEX "Link_state_idx" ON "Link"("state");

-- CreateIndex
CREATE UNIQUE INDEX "Consent_linkId_version_key" ON "Consent"("linkId", "version");

-- CreateIndex
CREATE UNIQUE INDEX "OwnerInvitation_tokenHash_key" ON "OwnerInvitation"("tokenHash");

-- CreateIndex
CREATE INDEX "OwnerInvitation_linkId_idx" ON "OwnerInvitation"("linkId");

-- CreateIndex
CREATE INDEX "View_linkId_startedAt_idx" ON "View"("linkId", "startedAt");

-- CreateIndex
CREATE INDEX "View_endedAt_idx" ON "View"("endedAt");

-- CreateIndex
CREATE UNIQUE INDEX "AlarmSource_webhookTokenHash_key" ON "AlarmSource"("webhookTokenHash");

-- CreateIndex
CREATE INDEX "Alarm_receivedAt_idx" ON "Alarm"("receivedAt");

-- CreateIndex
CREATE INDEX "Alarm_cellCode_receivedAt_idx" ON "Alarm"("cellCode", "receivedAt");

-- CreateIndex
CREATE UNIQUE INDEX "Alarm_sourceId_sourceKey_key" ON "Alarm"("sourceId", "sourceKey");

-- CreateIndex
CREATE INDEX "RejectedInput_at_idx" ON "RejectedInput"("at");

-- CreateIndex
CREATE INDEX "Event_at_idx" ON "Event"("at");

-- CreateIndex
CREATE INDEX "AuditEntry_at_idx" ON "AuditEntry"("at");

-- CreateIndex
CREATE INDEX "AuditEntry_object_idx" ON "AuditEntry"("object");

-- CreateIndex
CREATE INDEX "AuditEntry_actorId_idx" ON "AuditEntry"("actorId");

-- The numbering starts here: both rows exist before the first transaction asks for them.
INSERT INTO "Counter" ("name", "value") VALUES ('audit', 0), ('event', 0);
