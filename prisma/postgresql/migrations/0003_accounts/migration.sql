-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "fingerprint" TEXT,
ADD COLUMN     "keyId" TEXT,
ADD COLUMN     "network" TEXT,
ADD COLUMN     "note" TEXT,
ADD COLUMN     "proxyHost" TEXT,
ADD COLUMN     "storedAt" BIGINT,
ADD COLUMN     "subaccount" TEXT,
ADD COLUMN     "tags" TEXT NOT NULL DEFAULT '[]';
