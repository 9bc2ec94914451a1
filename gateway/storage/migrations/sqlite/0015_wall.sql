-- CreateTable
CREATE TABLE "WallLayout" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "personId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "layout" INTEGER NOT NULL,
    "tilesJson" TEXT NOT NULL,
    "updatedAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "WallRound" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "personId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cameraIdsJson" TEXT NOT NULL,
    "dwellSeconds" INTEGER NOT NULL,
    "updatedAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "WallLayout_personId_idx" ON "WallLayout"("personId");

-- CreateIndex
CREATE INDEX "WallRound_personId_idx" ON "WallRound"("personId");
