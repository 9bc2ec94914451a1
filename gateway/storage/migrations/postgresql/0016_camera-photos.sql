-- CreateTable
CREATE TABLE "CameraPhoto" (
    "id" TEXT NOT NULL,
    "cameraId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "sealedJpeg" BYTEA NOT NULL,
    "sizeBytes" INTEGER NOT NULL,
    "takenAt" TIMESTAMP(3) NOT NULL,
    "byName" TEXT NOT NULL,

    CONSTRAINT "CameraPhoto_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "CameraPhoto_cameraId_kind_key" ON "CameraPhoto"("cameraId", "kind");
