-- History is read in pages of (time, number) per bot, and closed orders are retired by their age.
-- DropIndex
DROP INDEX "fills_botId_at_idx";

-- CreateIndex
CREATE INDEX "orders_botId_createdAt_clientOrderId_idx" ON "orders"("botId", "createdAt", "clientOrderId");

-- CreateIndex
CREATE INDEX "orders_isLive_updatedAt_idx" ON "orders"("isLive", "updatedAt");

-- CreateIndex
CREATE INDEX "fills_botId_at_number_idx" ON "fills"("botId", "at", "number");
