// Holds the key of an account for one instance, on exchanges where two processes must not sign with the same key.

import { createHash } from "node:crypto";
import type { CredentialValues } from "../core/credentials.ts";
import type { Clock, ExchangePort, Fence } from "../core/ports.ts";
import { UserError } from "../core/text.ts";
import { type AccountName, accountKey } from "../storage/bot-numbers.ts";
import type { KeySlots } from "../storage/key-slots.ts";
import { PLACE_MARGIN_MS } from "./lease-guard.ts";
import { pause } from "./pause.ts";
import { LEASE_RENEW_MS, LEASE_TTL_MS } from "./protocol.ts";

/** The slot of a bot that has died runs out within this. */
const WAIT_MAX_MS = 2 * LEASE_TTL_MS;
const LOOK_EVERY_MS = 500;
const FINGERPRINT_CHARACTERS = 24;

export interface KeyOwner extends AccountName {
  readonly botId: string;
  readonly epoch: number;
  /** `fingerprintOf` the credentials. */
  readonly key: string;
}

export interface HoldKeyOptions {
  readonly slots: KeySlots;
  readonly clock: Clock;
  readonly owner: KeyOwner;
  readonly fence: Fence;
  readonly connect: (fence: Fence) => Promise<ExchangePort>;
}

/** Names a set of credentials without telling anything of it. */
export function fingerprintOf(credentials: CredentialValues): string {
  const values = Object.entries(credentials).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, FINGERPRINT_CHARACTERS);
}

/**
 * Connects once the key is this bot's alone, and holds it until the port is closed. Orders are fenced when the hold is
 * old. Throws a UserError that names the bot which holds the key, any other error when nobody answered.
 */
export async function holdKey({ slots, clock, owner, fence, connect }: HoldKeyOptions): Promise<ExchangePort> {
  const { exchange, key, botId, epoch } = owner;
  let heldAt = Number.NEGATIVE_INFINITY;
  let isTaken = false;
  const take = async (): Promise<string | null> => {
    const sentAt = clock.monotonic();
    const holder = await slots.take(exchange, key, botId, epoch, LEASE_TTL_MS);
    isTaken = holder !== null;
    heldAt = holder === null ? sentAt : Number.NEGATIVE_INFINITY;
    return holder;
  };
  await untilOurs(owner, clock, take);
  // A renewal that fails lets the hold age, and the fence closes.
  const timer = setInterval(() => void take().catch(() => undefined), LEASE_RENEW_MS);
  const release = async (): Promise<void> => {
    clearInterval(timer);
    await slots.release(exchange, key, botId, epoch).catch(() => undefined);
  };
  const isHeld = (): boolean => clock.monotonic() - heldAt <= LEASE_TTL_MS - PLACE_MARGIN_MS;
  // Without Redis nobody else can take the key: own cancels go on.
  const mayWrite = (kind: Parameters<Fence>[0]): boolean => kind === "read" || (kind === "cancel" ? !isTaken : isHeld());
  const fenced: Fence = (kind) => fence(kind) ?? (mayWrite(kind) ? null : `the key of ${accountKey(owner)} is not held by ${botId}`);
  try {
    const port = await connect(fenced);
    const close = port.close.bind(port);
    return Object.assign(port, { close: async () => void (await Promise.all([close(), release()])) });
  } catch (error) {
    await release();
    throw error;
  }
}

async function untilOurs(owner: KeyOwner, clock: Clock, take: () => Promise<string | null>): Promise<void> {
  const since = clock.monotonic();
  for (;;) {
    const holder = await take();
    if (holder === null) return;
    if (clock.monotonic() - since > WAIT_MAX_MS) throw inUse(owner, holder);
    await pause(LOOK_EVERY_MS);
  }
}

function inUse(owner: KeyOwner, holder: string): UserError {
  const { botId, exchange } = owner;
  const account = accountKey(owner);
  return new UserError({
    en: `${botId} cannot use the key of ${account}: ${holder} signs with it, and ${exchange} takes one process per key; stop ${holder} or give ${botId} an account with a key of its own`,
    "zh-TW": `${botId} 無法使用 ${account} 的金鑰：${holder} 正以它簽署，而 ${exchange} 的每把金鑰只能由一個程序使用；請停止 ${holder}，或讓 ${botId} 使用另有金鑰的帳戶`,
  });
}
