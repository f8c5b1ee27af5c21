-- CreateTable
CREATE TABLE "accounts" (
    "exchange" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sealedCredentials" TEXT,
    "armedAt" BIGINT,
    "createdAt" BIGINT NOT NULL,

    PRIMARY KEY ("exchange", "name")
);

-- CreateTable
CREATE TABLE "bots" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "exchange" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "desired" TEXT NOT NULL DEFAULT 'stopped',
    "haltKind" TEXT,
    "haltReason" TEXT,
    "haltedAt" BIGINT,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "holder" TEXT,
    "host" TEXT,
    "pid" INTEGER,
    "firstStartedAt" BIGINT,
    "createdAt" BIGINT NOT NULL,
    "fillCount" INTEGER NOT NULL DEFAULT 0,
    "changeCount" INTEGER NOT NULL DEFAULT 0,
    "lastStatus" TEXT,
    CONSTRAINT "bots_exchange_account_fkey" FOREIGN KEY ("exchange", "account") REFERENCES "accounts" ("exchange", "name") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "bot_config_versions" (
    "botId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "json" TEXT NOT NULL,
    "createdAt" BIGINT NOT NULL,

    PRIMARY KEY ("botId", "version"),
    CONSTRAINT "bot_config_versions_botId_fkey" FOREIGN KEY ("botId") REFERENCES "bots" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "bot_states" (
    "botId" TEXT NOT NULL PRIMARY KEY,
    "epoch" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "strategy" TEXT NOT NULL,
    "strategyVersion" INTEGER NOT NULL,
    "json" TEXT NOT NULL,
    "at" BIGINT NOT NULL,
    CONSTRAINT "bot_states_botId_fkey" FOREIGN KEY ("botId") REFERENCES "bots" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "runs" (
    "botId" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "workerId" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER,
    "startedAt" BIGINT NOT NULL,
    "endedAt" BIGINT,
    "cause" TEXT,

    PRIMARY KEY ("botId", "epoch"),
    CONSTRAINT "runs_botId_fkey" FOREIGN KEY ("botId") REFERENCES "bots" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "claims" (
    "exchange" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "symbol" TEXT NOT NULL,
    "botId" TEXT NOT NULL,
    "at" BIGINT NOT NULL,

    PRIMARY KEY ("exchange", "account", "symbol"),
    CONSTRAINT "claims_botId_fkey" FOREIGN KEY ("botId") REFERENCES "bots" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "orders" (
    "exchange" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "clientOrderId" TEXT NOT NULL,
    "botId" TEXT NOT NULL,
    "clientNumber" BIGINT NOT NULL,
    "symbol" TEXT NOT NULL,
    "exchangeOrderId" TEXT,
    "epoch" INTEGER NOT NULL,
    "leg" TEXT NOT NULL,
    "slot" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "price" TEXT NOT NULL,
    "quantity" TEXT NOT NULL,
    "filledQuantity" TEXT NOT NULL,
    "seenQuantity" TEXT NOT NULL,
    "timeInForce" TEXT NOT NULL,
    "postOnly" BOOLEAN NOT NULL,
    "reduceOnly" BOOLEAN NOT NULL,
    "status" TEXT NOT NULL,
    "isUnknown" BOOLEAN NOT NULL,
    "isLive" BOOLEAN NOT NULL,
    "reason" TEXT NOT NULL,
    "decision" INTEGER NOT NULL,
    "createdAt" BIGINT NOT NULL,
    "updatedAt" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "fills" (
    "exchange" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "symbol" TEXT NOT NULL,
    "tradeId" TEXT NOT NULL,
    "exchangeOrderId" TEXT NOT NULL,
    "botId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "clientOrderId" TEXT,
    "epoch" INTEGER NOT NULL,
    "slot" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "price" TEXT NOT NULL,
    "quantity" TEXT NOT NULL,
    "fee" TEXT NOT NULL,
    "feeCurrency" TEXT NOT NULL,
    "liquidity" TEXT NOT NULL,
    "realizedPnl" TEXT NOT NULL,
    "at" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "funding" (
    "exchange" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "symbol" TEXT NOT NULL,
    "fundingId" TEXT NOT NULL,
    "botId" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" TEXT NOT NULL,
    "at" BIGINT NOT NULL,

    PRIMARY KEY ("exchange", "account", "symbol", "fundingId")
);

-- CreateTable
CREATE TABLE "equity_points" (
    "botId" TEXT NOT NULL,
    "at" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "realizedPnl" TEXT NOT NULL,
    "unrealizedPnl" TEXT NOT NULL,
    "fees" TEXT NOT NULL,
    "funding" TEXT NOT NULL,
    "netPnl" TEXT NOT NULL,

    PRIMARY KEY ("botId", "at")
);

-- CreateTable
CREATE TABLE "changes" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "botId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "actorKey" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "change" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "outcome" TEXT,
    "createdAt" BIGINT NOT NULL,
    "expiresAt" BIGINT NOT NULL,
    "finishedAt" BIGINT,
    CONSTRAINT "changes_botId_fkey" FOREIGN KEY ("botId") REFERENCES "bots" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "audit" (
    "sequence" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "at" BIGINT NOT NULL,
    "frontend" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "userName" TEXT NOT NULL,
    "chatId" TEXT NOT NULL,
    "actorKey" TEXT NOT NULL,
    "line" TEXT NOT NULL,
    "command" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "previousHash" TEXT NOT NULL,
    "hash" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "alerts" (
    "sequence" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "uniqueKey" TEXT,
    "botId" TEXT,
    "at" BIGINT NOT NULL,
    "json" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "alert_cursors" (
    "target" TEXT NOT NULL PRIMARY KEY,
    "sequence" INTEGER NOT NULL
);

-- CreateTable
CREATE TABLE "users" (
    "frontend" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,

    PRIMARY KEY ("frontend", "id")
);

-- CreateTable
CREATE TABLE "chats" (
    "frontend" TEXT NOT NULL,
    "chatId" TEXT NOT NULL,
    "alerts" BOOLEAN NOT NULL,
    "at" BIGINT NOT NULL,

    PRIMARY KEY ("frontend", "chatId")
);

-- CreateTable
CREATE TABLE "pairing_codes" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "expiresAt" BIGINT NOT NULL,
    "usedAt" BIGINT
);

-- CreateTable
CREATE TABLE "confirmations" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "frontend" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "chatId" TEXT NOT NULL,
    "line" TEXT NOT NULL,
    "expiresAt" BIGINT NOT NULL,
    "usedAt" BIGINT
);

-- CreateTable
CREATE TABLE "settings" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "bots_exchange_account_number_key" ON "bots"("exchange", "account", "number");

-- CreateIndex
CREATE INDEX "claims_botId_idx" ON "claims"("botId");

-- CreateIndex
CREATE INDEX "orders_botId_isLive_idx" ON "orders"("botId", "isLive");

-- CreateIndex
CREATE INDEX "orders_botId_clientNumber_idx" ON "orders"("botId", "clientNumber");

-- CreateIndex
CREATE INDEX "orders_exchange_account_exchangeOrderId_idx" ON "orders"("exchange", "account", "exchangeOrderId");

-- CreateIndex
CREATE UNIQUE INDEX "orders_exchange_account_clientOrderId_key" ON "orders"("exchange", "account", "clientOrderId");

-- CreateIndex
CREATE INDEX "fills_botId_at_idx" ON "fills"("botId", "at");

-- CreateIndex
CREATE INDEX "fills_exchange_account_clientOrderId_idx" ON "fills"("exchange", "account", "clientOrderId");

-- CreateIndex
CREATE UNIQUE INDEX "fills_exchange_account_symbol_tradeId_exchangeOrderId_key" ON "fills"("exchange", "account", "symbol", "tradeId", "exchangeOrderId");

-- CreateIndex
CREATE UNIQUE INDEX "fills_botId_number_key" ON "fills"("botId", "number");

-- CreateIndex
CREATE INDEX "funding_botId_at_idx" ON "funding"("botId", "at");

-- CreateIndex
CREATE INDEX "changes_state_expiresAt_idx" ON "changes"("state", "expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "changes_actorKey_botId_key" ON "changes"("actorKey", "botId");

-- CreateIndex
CREATE UNIQUE INDEX "changes_botId_number_key" ON "changes"("botId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "alerts_uniqueKey_key" ON "alerts"("uniqueKey");

-- CreateIndex
CREATE INDEX "alerts_botId_sequence_idx" ON "alerts"("botId", "sequence");

-- CreateIndex
CREATE INDEX "confirmations_expiresAt_idx" ON "confirmations"("expiresAt");
