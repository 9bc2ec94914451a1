-- CreateTable
CREATE TABLE "WallLayout" (
    "id" TEXT NOT NULL,
    "personId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "layout" INTEGER NOT NULL,
    "tilesJson" TEXT NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "WallLayout_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WallRound" (
    "id" TEXT NOT NULL,
    "personId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cameraIdsJson" TEXT NOT NULL,
    "dwellSeconds" INTEGER NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "WallRound_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "WallLayout_personId_idx" ON "WallLayout"("personId");

-- CreateIndex
CREATE INDEX "WallRound_personId_idx" ON "WallRound"("personId");
