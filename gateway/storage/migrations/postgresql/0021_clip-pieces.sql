-- CreateTable
CREATE TABLE "ClipPiece" (
    "clipId" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "ClipPiece_pkey" PRIMARY KEY ("clipId","at")
);
