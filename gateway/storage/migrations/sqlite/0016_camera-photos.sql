-- CreateTable
CREATE TABLE "CameraPhoto" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "cameraId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "sealedJpeg" BLOB NOT NULL,
    "sizeBytes" INTEGER NOT NULL,
    "takenAt" DATETIME NOT NULL,
    "byName" TEXT NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "CameraPhoto_cameraId_kind_key" ON "CameraPhoto"("cameraId", "kind");
