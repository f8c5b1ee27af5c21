// Looks at everything that trading on an exchange needs, from its name in the network to the rights of a key, and says what to mend.

import type { Logger } from "pino";
import type { Clock, PermitGrant, Permits } from "../core/ports.ts";
import { plain, type Text, UserError } from "../core/text.ts";
import type { ExchangeAccount } from "./account.ts";
import { type OpenedExchange, openExchange, reachable, valuesOf } from "./connect.ts";
import { feeFindings, holdingFindings, keyFault, keyFindings } from "./diagnosis/account.ts";
import { type Finding, finding, within, wordsOf } from "./diagnosis/finding.ts";
import { checkNetwork, placeOf } from "./diagnosis/network.ts";
import { checkSigner } from "./diagnosis/signer.ts";
import { toReadError } from "./outcome.ts";
import { egressOf } from "./proxy.ts";
import { type Quirks, quirksOf } from "./quirks.ts";
import { newContext, withContext } from "./request-context.ts";

export type { Finding } from "./diagnosis/finding.ts";

/** The exchange's time is asked for so often; the quickest answer is the most exact. */
const SAMPLES = 3;
/** Each question waits so long; a few follow one another. */
const ANSWER_MS = 12_000;
/** Requests are stamped by the difference that was measured; leases and risk days are not. */
const SKEW_WARN_MS = 500;
const SKEW_BAD_MS = 2_000;

const USE_NTP: Text = {
  en: "Let the machine keep time by NTP (timedatectl set-ntp true, or chrony; on Windows w32tm /resync)",
  "zh-TW": "請以 NTP 校時（timedatectl set-ntp true 或 chrony；Windows 用 w32tm /resync）",
};
const NOT_ANSWERING: Text = {
  en: "Look at the exchange's status page; if it is up, check firewall, country and proxy",
  "zh-TW": "請查看交易所的狀態頁；若正常，請檢查防火牆、國家限制與代理伺服器",
};
const ADD_ACCOUNT: Text = { en: "Add one: account add EXCHANGE NAME", "zh-TW": "請新增帳戶：account add 交易所 名稱" };

export interface DiagnosisOptions {
  /** Without credentials only what is public is looked at. */
  readonly account: ExchangeAccount;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Findings in the order of the looking. Never throws for what is wrong and never hangs; the network is asked about 12 requests. */
export async function diagnoseExchange(options: DiagnosisOptions): Promise<readonly Finding[]> {
  const { account } = options;
  let quirks: Quirks;
  try {
    quirks = quirksOf(account.exchange);
  } catch (error) {
    return [finding("exchange", "bad", wordsOf(error))];
  }
  const { fault, opened } = await openedFor(options);
  if (opened === null) return [fault, ...limitFindings(quirks)];
  const hasKeys = fault === null && Object.keys(account.credentials).length > 0;
  try {
    const signer = Object.keys(account.credentials).length > 0 ? checkSigner(quirks, valuesOf(account)) : [];
    const still = [...(fault === null ? [] : [fault]), ...signer, ...limitFindings(quirks), feeGuard(opened), deadMan(quirks)];
    const network = [proxyFinding(opened), ...(await checkNetwork(placesOf(account, quirks), opened.proxy))];
    if (network.some(({ level }) => level === "bad")) return [...network, ...unasked("unreachable"), ...still];
    const publicFindings = await askPublic(options, opened);
    if (publicFindings.some(({ level, check }) => level === "bad" && check === "rest"))
      return [...network, ...publicFindings, ...unasked("unreachable"), ...still];
    const own = hasKeys ? await askAccount(options, opened) : [noAccount(account, fault !== null)];
    const used = usageFindings(opened);
    const broken = opened.violations.map((violation) => stoppedFee(violation));
    return [...network, ...publicFindings, ...own, ...used, ...still, ...broken];
  } finally {
    await opened.exchange.fetchDispatcher?.destroy().catch(() => undefined);
  }
}

type Opening = { readonly opened: OpenedExchange; readonly fault: Finding | null } | { readonly opened: null; readonly fault: Finding };

/** The exchange with the account's keys; without them when they cannot be used, and then what is wrong with them. */
async function openedFor(options: DiagnosisOptions): Promise<Opening> {
  const guarded = { ...options, permits: openPermits(options.clock), fence: () => null };
  let fault: Finding | null = null;
  if (Object.keys(options.account.credentials).length > 0) {
    try {
      return { opened: await openExchange(guarded), fault: null };
    } catch (error) {
      fault = finding("account", "bad", wordsOf(error));
    }
  }
  try {
    return { opened: await openExchange(guarded, true), fault };
  } catch (error) {
    return { opened: null, fault: fault ?? finding("account", "bad", wordsOf(error)) };
  }
}

/** A handful of requests beside a fleet that counts its own: taken without asking, each with a nonce of its own. */
function openPermits(clock: Clock): Permits {
  let nonce = 0;
  const take = async (): Promise<PermitGrant> => {
    nonce = Math.max(nonce + 1_000, Math.floor(clock.now() * 1_000));
    return { granted: true, waitedMs: 0, nonce };
  };
  return { take, block: async () => undefined };
}

function placesOf({ mode, url, wsUrl }: ExchangeAccount, quirks: Quirks): ReturnType<typeof placeOf>[] {
  if (url !== undefined) return [url, ...(wsUrl === undefined ? [] : [wsUrl])].map(placeOf);
  const hosts = mode === "testnet" ? quirks.testnetHosts : quirks.hosts;
  return hosts.map((host) => placeOf(`https://${host}`));
}

function proxyFinding({ proxy }: OpenedExchange): Finding {
  if (proxy === null) return finding("proxy", "ok", { en: "none, connected directly", "zh-TW": "未使用，直接連線" });
  return finding("proxy", "ok", plain(`${proxy.protocol}//${egressOf(proxy)}`));
}

function unasked(why: string): readonly Finding[] {
  const what = { en: `not asked: ${why}`, "zh-TW": "未詢問：無法連線" };
  return ["clock", "key", "fees", "orders", "positions"].map((check) => finding(check, "skipped", what));
}

async function askPublic({ account, clock }: DiagnosisOptions, opened: OpenedExchange): Promise<readonly Finding[]> {
  const { exchange } = opened;
  try {
    const work = reachable(account, opened, async () => {
      const samples: Sample[] = [];
      // The first answer pays for the connection and for everything that is loaded on the way.
      for (let count = 0; count < SAMPLES; count += 1) samples.push(await sampleOf(exchange, clock));
      return samples.reduce((best, sample) => (sample.roundTripMs < best.roundTripMs ? sample : best));
    });
    const sample = await within(ANSWER_MS, work);
    const ms = Math.round(sample.roundTripMs);
    const rest = finding("rest", "ok", { en: `answers in ${ms} ms`, "zh-TW": `${ms} 毫秒內回應` });
    return [rest, clockFinding(sample)];
  } catch (error) {
    const said = wordsOf(error);
    return [finding("rest", "bad", { en: `unreachable: ${said.en}`, "zh-TW": `無法連線：${said["zh-TW"]}` }, NOT_ANSWERING)];
  }
}

/** One question for the exchange's time; `now` is ours in the middle of it. */
interface Sample {
  readonly told: number | undefined;
  readonly now: number;
  readonly roundTripMs: number;
}

async function sampleOf(exchange: OpenedExchange["exchange"], clock: Clock): Promise<Sample> {
  const startedAt = performance.now();
  const before = clock.now();
  const told = exchange.has.fetchTime === true ? await exchange.fetchTime() : undefined;
  return { told, now: (before + clock.now()) / 2, roundTripMs: performance.now() - startedAt };
}

function clockFinding({ now, roundTripMs, told }: Sample): Finding {
  if (told === undefined) return finding("clock", "skipped", { en: "the exchange does not tell the time", "zh-TW": "交易所不提供時間" });
  // Some tell whole seconds only: the middle of the second is nearest.
  const coarseMs = told % 1_000 === 0 ? 500 : 0;
  const skewMs = Math.round(now - told - coarseMs);
  const what = {
    en: `this machine is ${Math.abs(skewMs)} ms ${skewMs < 0 ? "behind" : "ahead of"} the exchange`,
    "zh-TW": `本機時間比交易所${skewMs < 0 ? "慢" : "快"} ${Math.abs(skewMs)} 毫秒`,
  };
  // Only what the way there and back cannot explain counts.
  const size = Math.abs(skewMs) - roundTripMs / 2 - coarseMs;
  const level = size >= SKEW_BAD_MS ? "bad" : size >= SKEW_WARN_MS ? "warn" : "ok";
  return finding("clock", level, what, level === "ok" ? null : USE_NTP);
}

async function askAccount({ account }: DiagnosisOptions, opened: OpenedExchange): Promise<readonly Finding[]> {
  const { exchange, quirks } = opened;
  const asked = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await within(ANSWER_MS, withContext(newContext("reconcile", "read"), work));
    } catch (error) {
      throw error instanceof UserError ? error : toReadError(what, error);
    }
  };
  const findings: Finding[] = [];
  try {
    await asked("markets", async () => {
      await quirks.prepare?.(exchange, valuesOf(account));
      await exchange.loadMarkets();
    });
  } catch (error) {
    // A signer that is missing says so itself.
    return [finding("account", "bad", wordsOf(error), error instanceof UserError ? null : NOT_ANSWERING)];
  }
  try {
    const rights =
      quirks.keyRights === undefined ? null : await asked("key rights", async () => (await quirks.keyRights?.(exchange)) ?? null);
    await asked("balances", () => quirks.balances(exchange));
    findings.push(...keyFindings(account.exchange, rights));
  } catch (error) {
    return [keyFault(account, error), ...(await feeFindings(opened, false))];
  }
  findings.push(...(await asked("fees", () => feeFindings(opened, true))));
  try {
    findings.push(...(await asked("holdings", () => holdingFindings(opened))));
  } catch (error) {
    findings.push(finding("orders", "bad", wordsOf(error), NOT_ANSWERING));
  }
  return findings;
}

function noAccount({ exchange }: ExchangeAccount, isFaulty: boolean): Finding {
  if (isFaulty) return finding("key", "skipped", { en: "not tried: the account cannot be used", "zh-TW": "未測試：此帳戶無法使用" });
  const what = {
    en: `no account at ${exchange} was given: nothing of an account is checked`,
    "zh-TW": `未指定 ${exchange} 的帳戶：未檢查帳戶`,
  };
  return finding("key", "skipped", what, ADD_ACCOUNT);
}

function limitFindings({ limits }: Quirks): readonly Finding[] {
  return limits.map(({ limit, name, scope, windowMs }) => {
    const whose = scope === "address" ? { en: "address", "zh-TW": "位址" } : { en: "account", "zh-TW": "帳戶" };
    const seconds = windowMs / 1_000;
    return finding("limits", "ok", {
      en: `${name}: ${limit} in ${seconds} s for each ${whose.en}`,
      "zh-TW": `${name}：每個${whose["zh-TW"]} ${seconds} 秒內 ${limit}`,
    });
  });
}

/** The exchange's own count, in the headers of its last answer. */
function usageFindings({ exchange, quirks }: OpenedExchange): readonly Finding[] {
  const told = quirks.usageOf?.(exchange.last_response_headers ?? {}) ?? {};
  return Object.entries(told).map(([bucket, used]) => {
    const limit = quirks.limits.find(({ name }) => name === bucket)?.limit;
    const isNear = limit !== undefined && used > limit * 0.8;
    const what = {
      en: `the exchange counts ${used} of ${limit ?? "?"} ${bucket}`,
      "zh-TW": `交易所計數：${bucket} ${used} / ${limit ?? "?"}`,
    };
    const remedy = {
      en: "Something else uses this limit too: find it, or wait a minute",
      "zh-TW": "有其他程式也在使用此額度：請找出來，或稍候一分鐘",
    };
    return finding("usage", isNear ? "warn" : "ok", what, isNear ? remedy : null);
  });
}

/** What ccxt would have added to orders, switched off and watched. */
function feeGuard({ exchange }: OpenedExchange): Finding {
  const named = Object.keys(exchange.options).filter((name) => /builder|integrator|^broker|referr?er|feeRate/i.test(name));
  const list = named.length === 0 ? "" : ` (${named.sort().join(", ")})`;
  return finding("builderFee", "ok", {
    en: `switched off; every request is searched for approvals, builders and their fees${list}`,
    "zh-TW": `已關閉；每個請求都會檢查是否含有核准、builder 或其費用${list}`,
  });
}

function stoppedFee(violation: string): Finding {
  const what = { en: `a request with a builder fee was stopped: ${violation}`, "zh-TW": `已攔下含 builder 費用的請求：${violation}` };
  const remedy = {
    en: "Do not trade here with this version; report it with this sentence",
    "zh-TW": "請勿以此版本在此交易，並附上這句話回報",
  };
  return finding("builderFee", "bad", what, remedy);
}

function deadMan({ capabilities }: Quirks): Finding {
  return capabilities.deadManSwitch
    ? finding("deadMan", "ok", { en: "the exchange cancels by itself when we fall silent", "zh-TW": "失聯時交易所會自動撤單" })
    : finding("deadMan", "ok", {
        en: "the exchange has none: Botswain's processes watch each other",
        "zh-TW": "交易所沒有此功能：由 Botswain 的程序互相監看",
      });
}
