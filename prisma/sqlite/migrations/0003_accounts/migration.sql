-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "fingerprint" TEXT;
ALTER TABLE "accounts" ADD COLUMN "keyId" TEXT;
ALTER TABLE "accounts" ADD COLUMN "network" TEXT;
ALTER TABLE "accounts" ADD COLUMN "note" TEXT;
ALTER TABLE "accounts" ADD COLUMN "proxyHost" TEXT;
ALTER TABLE "accounts" ADD COLUMN "storedAt" BIGINT;
ALTER TABLE "accounts" ADD COLUMN "subaccount" TEXT;
ALTER TABLE "accounts" ADD COLUMN "tags" TEXT NOT NULL DEFAULT '[]';
