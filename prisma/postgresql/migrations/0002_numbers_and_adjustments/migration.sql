-- AlterTable
ALTER TABLE "bots" ADD COLUMN     "flatten" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "changes" ADD COLUMN     "configVersion" INTEGER;

-- CreateTable
CREATE TABLE "bot_numbers" (
    "exchange" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "botId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,

    CONSTRAINT "bot_numbers_pkey" PRIMARY KEY ("exchange","account","botId")
);

-- CreateIndex
CREATE INDEX "bot_numbers_botId_idx" ON "bot_numbers"("botId");

-- CreateIndex
CREATE UNIQUE INDEX "bot_numbers_exchange_account_number_key" ON "bot_numbers"("exchange", "account", "number");

-- AddForeignKey
ALTER TABLE "bot_numbers" ADD CONSTRAINT "bot_numbers_botId_fkey" FOREIGN KEY ("botId") REFERENCES "bots"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "bot_numbers" ADD CONSTRAINT "bot_numbers_exchange_account_fkey" FOREIGN KEY ("exchange", "account") REFERENCES "accounts"("exchange", "name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Every bot keeps the number that it has on its own account.
INSERT INTO "bot_numbers" ("exchange", "account", "botId", "number") SELECT "exchange", "account", "id", "number" FROM "bots";
