// The front as a role: dispatch behind the local socket, Telegram and Discord, and the delivery of alerts.

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { startDelivery } from "../bot/delivery.ts";
import { alertTargets } from "../bot/delivery-targets.ts";
import { startDiscord } from "../bot/discord.ts";
import { startLocalServer } from "../bot/local.ts";
import { SendError } from "../bot/send-error.ts";
import { startTelegram } from "../bot/telegram.ts";
import { loadCommands } from "../commands/index.ts";
import { createAttempts } from "../core/chat/attempts.ts";
import { type DispatchServices, dispatch } from "../core/chat/dispatch.ts";
import type { AnyCommand, Invocation, Reply } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import { createAlertOutbox } from "../storage/alerts.ts";
import { createAudit } from "../storage/audit.ts";
import { createConfirmations } from "../storage/confirmations.ts";
import { openDatabase } from "../storage/database.ts";
import { createFleet } from "../storage/fleet.ts";
import { createLeaseStore } from "../storage/lease.ts";
import { createQueues } from "../storage/queue.ts";
import { connectRedis } from "../storage/redis.ts";
import { createSignals } from "../storage/signals.ts";
import { createStatusBoard } from "../storage/status-board.ts";
import { createUsers } from "../storage/users.ts";
import { loadStrategies } from "../strategies/index.ts";
import { createFleetPreview, createStartCheck } from "./fleet-preview.ts";
import { redisAddress } from "./redis-address.ts";
import type { RoleContext, RunningRole } from "./role-main.ts";
import { seedDatabase } from "./seeds.ts";
import type { Settings } from "./settings.ts";

const ID_LENGTH = 8;
const CONNECTED_MS = 500;
const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** What every chat needs. */
interface Chats {
  readonly commands: readonly AnyCommand[];
  readonly dispatch: (invocation: Invocation) => Promise<Reply>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** A chat platform that connects in its own time: until then, what is sent to it waits. */
interface LateChat<Message> {
  send(chatId: string, message: Message): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the front. Throws a UserError when the database or Redis cannot be used, or another front answers on the socket. */
export async function startFrontRole({ settings, log }: RoleContext): Promise<RunningRole> {
  const redisUrl = await redisAddress(settings);
  const db = await openDatabase(settings.databaseUrl);
  await seedDatabase(db, settings);
  const command = connectRedis(redisUrl, "command");
  const subscriber = connectRedis(redisUrl, "subscriber");
  const signals = createSignals(command, subscriber);
  const queues = createQueues(redisUrl);
  const commands = await loadCommands();
  const strategies = await loadStrategies(settings.strategyFolders);
  const outbox = createAlertOutbox(db, signals);
  const services: DispatchServices = {
    commands,
    alert: (alert) => outbox.raise(alert),
    fleet: createFleet({
      db,
      statusBoard: createStatusBoard(command),
      leases: createLeaseStore(command),
      queues,
      signals,
      clock,
      timezone: settings.timezone,
      preview: createFleetPreview(settings, db, strategies),
      admit: createStartCheck(settings, db, strategies),
    }),
    users: createUsers(db),
    confirmations: createConfirmations(db, clock),
    audit: createAudit(db),
    attempts: createAttempts(),
    clock,
    log: (id, error) => log.error({ id, err: error }, "a command failed"),
    newId: () => randomUUID().slice(0, ID_LENGTH),
  };
  const chats: Chats = { commands, dispatch: (invocation) => dispatch(services, invocation), log, clock };
  const local = await startLocalServer({ path: settings.dataFolder.frontSocket, dispatch: chats.dispatch, outbox, log });
  const { telegram, discord } = connectChats(settings, chats);
  const delivery = startDelivery({
    outbox,
    log,
    targets: alertTargets({
      telegram,
      discord,
      channelId: settings.discord.alertChannelId ?? undefined,
      webhookUrl: settings.discord.alertWebhookUrl?.reveal(),
      language: settings.language,
    }),
  });
  return {
    async stop() {
      await Promise.all([local.stop(), telegram?.stop(), discord?.stop()]);
      await delivery.stop();
      await queues.close();
      await signals.close();
      for (const redis of [command, subscriber]) redis.disconnect();
      await db.close();
    },
  };
}

function connectChats({ telegram, discord }: Settings, chats: Chats) {
  const t = telegram.token;
  const d = discord.token;
  return {
    telegram:
      t === null
        ? undefined
        : connectLate("Telegram", chats.log, startTelegram({ ...chats, token: t.reveal(), apiRoot: telegram.apiRoot ?? undefined })),
    discord:
      d === null
        ? undefined
        : connectLate(
            "Discord",
            chats.log,
            startDiscord({ ...chats, token: d.reveal(), guildId: discord.guildId ?? undefined, apiRoot: discord.apiRoot ?? undefined }),
          ),
  };
}

/** The terminal must not wait for a platform, and a refused token must not end the front. */
function connectLate<Message>(name: string, log: Logger, starting: Promise<LateChat<Message>>): LateChat<Message> {
  let chat: LateChat<Message> | null = null;
  let waiting = new SendError("later", `${name} is not connected yet`);
  const started = starting.then(
    (running) => {
      chat = running;
    },
    (error: unknown) => {
      waiting = new SendError("closed", `${name} did not start`);
      log.error({ reason: error instanceof Error ? error.message : String(error) }, `${name} is not used`);
    },
  );
  return {
    send: async (chatId, message) => {
      if (chat === null) throw waiting;
      await chat.send(chatId, message);
    },
    async stop() {
      // A platform that never answered has nothing to end.
      await Promise.race([started, pause(CONNECTED_MS)]);
      await chat?.stop();
    },
  };
}
