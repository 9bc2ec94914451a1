-- CreateTable
CREATE TABLE "ClipPiece" (
    "clipId" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "bytes" BLOB NOT NULL,

    PRIMARY KEY ("clipId", "at")
);
