// Opens the real doors of an instance: Redis, the exchange adapter, the strategies and the ledger behind its worker.

import type { Logger } from "pino";
import type { ExchangePort, Fence } from "../core/ports.ts";
import { Secret, sealCredentials } from "../exchanges/account.ts";
import { withQuota } from "../exchanges/bot-quota.ts";
import { connectExchange } from "../exchanges/connect.ts";
import { mergeLimits } from "../exchanges/limits.ts";
import { egressOf, proxyOf } from "../exchanges/proxy.ts";
import { quirksOf } from "../exchanges/quirks.ts";
import { createPermits } from "../exchanges/token-bucket.ts";
import { createDeadManVotes } from "../storage/dead-man-votes.ts";
import { createKeySlots } from "../storage/key-slots.ts";
import { createLeaseStore } from "../storage/lease.ts";
import { connectRedis } from "../storage/redis.ts";
import { loadStrategies } from "../strategies/index.ts";
import { type Instance, startInstance } from "./instance.ts";
import { createIpcLedger } from "./ipc-ledger.ts";
import { fingerprintOf, holdKey } from "./key-slot.ts";
import type { AccountAccess, Begin, FromInstance, ToInstance } from "./protocol.ts";
import { requestQuotaOf } from "./request-quota.ts";
import { systemClock } from "./system-clock.ts";

export interface OpenedInstance {
  readonly instance: Instance;
  /** Takes a message of the worker. */
  readonly take: (message: ToInstance) => void;
}

export async function openInstance(begin: Begin, log: Logger, send: (message: FromInstance) => void): Promise<OpenedInstance> {
  const { epoch, config } = begin;
  const redis = connectRedis(begin.redisUrl, "command");
  const ledger = createIpcLedger(send);
  const quota = requestQuotaOf(config, ledger, systemClock);
  const slots = createKeySlots(redis);
  const connect = async ({ credentials, proxy, ...access }: AccountAccess, fence: Fence): Promise<ExchangePort> => {
    const { exchange, account } = access;
    const limits = mergeLimits(exchange, begin.limits);
    const secrets = { credentials: sealCredentials(credentials), ...(proxy === undefined ? {} : { proxy: new Secret(proxy) }) };
    const reached = { ...access, ...secrets };
    const egress = egressOf(proxyOf(reached, quirksOf(exchange).hosts, process.env));
    const shared = createPermits({ redis, exchange, account, egress, botId: config.id, epoch, limits, clock: systemClock });
    const permits = withQuota(shared, quota);
    return await connectExchange({ account: reached, permits, fence, clock: systemClock, log });
  };
  const instance = startInstance(begin, {
    send,
    ledger,
    leases: createLeaseStore(redis),
    strategies: await loadStrategies(begin.strategyFolders),
    clock: systemClock,
    log,
    pid: process.pid,
    deadManVotes: createDeadManVotes(redis),
    connect: async (access, fence) => {
      const { exchange, account, credentials } = access;
      if (quirksOf(exchange).oneWriterPerKey !== true || access.mode === "paper") return await connect(access, fence);
      const owner = { botId: config.id, epoch, exchange, account, key: fingerprintOf(credentials) };
      return await holdKey({ slots, clock: systemClock, owner, fence, connect: (held) => connect(access, held) });
    },
  });
  return { instance, take: (message) => takeMessage(message, instance, ledger) };
}

function takeMessage(message: ToInstance, instance: Instance, ledger: ReturnType<typeof createIpcLedger>): void {
  switch (message.type) {
    case "begin":
      return;
    case "directive":
      return instance.directive(message.directive);
    case "adjust":
      return instance.adjust(message.version, message.params);
    case "committed":
      return ledger.committed(message.batch, message.results);
    case "refusedRows":
      return ledger.refused(message.batch, message.message);
    case "ledgerTrouble":
      return instance.ledgerTrouble(message.isInTrouble);
    case "shutdown":
      return instance.shutdown(message.orders);
  }
}
