// Watches what all bots of an account, and of the fleet, amount to: a deterministic state machine that can halt and never resumes.

import type { Mode } from "./alert.ts";
import type { FleetRiskLimits, ScopeLimits } from "./fleet-risk-limits.ts";
import { type Money, money, text, ZERO } from "./money.ts";
import { join, type Text } from "./text.ts";

export type FleetRiskCode = "minEquity" | "maxDailyLoss" | "maxDrawdown" | "maxGrossExposure" | "maxNetExposure";

/** What a bot holds on one account. */
export interface BaseHolding {
  /** `exchange/account`. */
  readonly account: string;
  /** Base asset. */
  readonly base: string;
  /** Signed, base units, decimal string. */
  readonly quantity: string;
}

/** One bot as it is known now. */
export interface BotFigures {
  readonly id: string;
  /** `exchange/account`, where its profit counts; legs on other accounts count there by their holdings only. */
  readonly account: string;
  readonly mode: Mode;
  readonly currency: string;
  /** Decimal string; null when nobody can tell now: the last known value counts. */
  readonly netPnl: string | null;
  /** Null when nobody can tell now: the last known ones count. */
  readonly holdings: readonly BaseHolding[] | null;
  /** Epoch of the run that told these numbers, and when they were true, epoch ms; both 0 when there are none yet. */
  readonly epoch: number;
  readonly at: number;
  /** A person wants it to trade. */
  readonly isWanted: boolean;
  readonly isHalted: boolean;
}

/** What an account is worth by the exchange's own count, decimal string. */
export interface AccountEquity {
  readonly account: string;
  readonly mode: Mode;
  readonly currency: string;
  readonly amount: string;
}

/** Profit of a scope in one mode and currency, decimal strings. */
export interface ProfitBaseline {
  /** The risk day, e.g. "2026-11-20". */
  readonly day: string;
  /** Sum of what the net profits of its bots changed by since they were first seen. */
  readonly total: string;
  /** `total` when the risk day began. */
  readonly dayStart: string;
  /** Highest `total` ever; never falls. */
  readonly peak: string;
  /** Net profit of every bot ever seen, from its own beginning: what `capital` has become. */
  readonly lifetime: string;
}

/** The last known numbers of a bot. */
export type KnownBot = Pick<BotFigures, "account" | "mode" | "currency" | "netPnl" | "epoch" | "at"> & {
  readonly holdings: readonly BaseHolding[];
};

/** Plain JSON that survives restarts; `baselines` is keyed by scope, mode and currency. */
export interface FleetRiskState {
  readonly bots: Readonly<Record<string, KnownBot>>;
  readonly baselines: Readonly<Record<string, ProfitBaseline>>;
}

export interface FleetRiskLook {
  readonly limits: FleetRiskLimits;
  readonly bots: readonly BotFigures[];
  /** Where an exchange tells it; elsewhere `capital` plus net profit stands for it. */
  readonly equity: readonly AccountEquity[];
  /** Risk day and epoch ms. */
  readonly day: string;
  readonly now: number;
}

export interface FleetBreach {
  /** `fleet` or `exchange/account`. */
  readonly scope: string;
  readonly code: FleetRiskCode;
  readonly mode: Mode;
  /** Decimal strings in `unit`: a currency, or a base asset. */
  readonly value: string;
  readonly limit: string;
  readonly unit: string;
  /** Every bot concerned. */
  readonly bots: readonly string[];
  /** Those of them that are wanted to trade and are not halted yet. */
  readonly toHalt: readonly string[];
  /** Bots of the scope whose last known numbers count because nothing newer was heard. */
  readonly stale: readonly string[];
  readonly message: Text;
}

export interface FleetRiskVerdict {
  readonly state: FleetRiskState;
  /** Every limit that is broken now, also by bots that are halted already. */
  readonly breaches: readonly FleetBreach[];
}

export const FLEET_SCOPE = "fleet";
export const NO_RISK_STATE: FleetRiskState = { bots: {}, baselines: {} };
/** Numbers older than this are named as the last known ones. */
export const FIGURES_STALE_MS = 10_000;

/**
 * One look. Each scope (an account, the fleet) is judged per mode and, for money, per currency: play money never offsets real
 * money, and without a rate amounts in two currencies are no sum. A scope whose bots all count in one currency is thereby
 * judged as a whole. There is no verdict that resumes: a bot that a person resumed while its breach holds is to be halted again.
 */
export function lookAtFleet(before: FleetRiskState, look: FleetRiskLook): FleetRiskVerdict {
  const bots: Record<string, KnownBot> = {};
  for (const figures of look.bots) bots[figures.id] = newest(before.bots[figures.id], figures);
  const baselines: Record<string, ProfitBaseline> = { ...before.baselines };
  const breaches: FleetBreach[] = [];
  for (const scope of scopesOf(look, bots)) {
    for (const currency of distinct(scope.members.map(({ known }) => known.currency))) {
      const group: Group = { ...scope, members: scope.members.filter(({ known }) => known.currency === currency), currency };
      const key = [scope.name, scope.mode, currency].join("|");
      const baseline = moved(before, baselines[key], group, look.day);
      baselines[key] = baseline;
      breaches.push(...moneyBreaches(group, baseline, look));
    }
    breaches.push(...exposureBreaches(scope, look));
  }
  return { state: { bots, baselines }, breaches };
}

// ---- what is known --------------------------------------------------------------------------------------------------

/** Older numbers never replace newer ones, and what cannot be told now keeps its last value. */
function newest(known: KnownBot | undefined, figures: BotFigures): KnownBot {
  const { account, mode, currency, netPnl, holdings, epoch, at } = figures;
  const isSame = known !== undefined && known.account === account && known.mode === mode && known.currency === currency;
  if (!isSame) return { account, mode, currency, netPnl, holdings: holdings ?? [], epoch, at };
  const isOlder = epoch < known.epoch || (epoch === known.epoch && at < known.at);
  if (isOlder || (netPnl === null && holdings === null)) return known;
  // The age is that of the oldest number that counts.
  const heardAt = netPnl === null || holdings === null ? known.at : at;
  return { account, mode, currency, netPnl: netPnl ?? known.netPnl, holdings: holdings ?? known.holdings, epoch, at: heardAt };
}

interface Member {
  readonly figures: BotFigures;
  readonly known: KnownBot;
}

interface Scope {
  readonly name: string;
  readonly limits: ScopeLimits;
  readonly mode: Mode;
  /** Bots whose profit counts here. */
  readonly members: readonly Member[];
  /** Bots with a leg here, and their holdings here. */
  readonly holders: readonly (Member & { readonly here: readonly BaseHolding[] })[];
}

interface Group extends Scope {
  readonly currency: string;
}

function scopesOf({ limits, bots }: FleetRiskLook, known: Readonly<Record<string, KnownBot>>): Scope[] {
  const members = [...bots]
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .flatMap((figures): Member[] => {
      const last = known[figures.id];
      return last === undefined ? [] : [{ figures, known: last }];
    });
  const named: [string, ScopeLimits][] = limits.fleet === undefined ? [] : [[FLEET_SCOPE, limits.fleet]];
  named.push(...Object.entries(limits.accounts));
  return named.flatMap(([name, scopeLimits]) => {
    const isHere = (account: string): boolean => name === FLEET_SCOPE || account === name;
    return distinct(members.map((member) => member.known.mode)).map((mode) => {
      const all = members.filter((member) => member.known.mode === mode);
      const holders = all.map((member) => ({ ...member, here: member.known.holdings.filter(({ account }) => isHere(account)) }));
      return { name, limits: scopeLimits, mode, members: all.filter((member) => isHere(member.known.account)), holders };
    });
  });
}

// ---- money ----------------------------------------------------------------------------------------------------------

/** The baseline after what the group's bots won or lost since the last look. A bot that comes or goes moves nothing by itself. */
function moved(before: FleetRiskState, baseline: ProfitBaseline | undefined, group: Group, day: string): ProfitBaseline {
  let change = ZERO;
  let arrived = ZERO;
  for (const { figures, known } of group.members) {
    if (known.netPnl === null) continue;
    const last = before.bots[figures.id];
    const isNew = baseline === undefined || last === undefined || last.netPnl === null || !isSameGroup(last, known);
    if (isNew) arrived = arrived.plus(known.netPnl);
    else change = change.plus(money(known.netPnl).minus(last.netPnl));
  }
  if (baseline === undefined) return { day, total: "0", dayStart: "0", peak: "0", lifetime: text(arrived) };
  const total = money(baseline.total).plus(change);
  // A day begins with the last total of the day before; days never go back, whatever a clock or another zone says.
  const isNewDay = day > baseline.day;
  return {
    day: isNewDay ? day : baseline.day,
    total: text(total),
    dayStart: isNewDay ? baseline.total : baseline.dayStart,
    peak: total.gt(baseline.peak) ? text(total) : baseline.peak,
    lifetime: text(money(baseline.lifetime).plus(change).plus(arrived)),
  };
}

function isSameGroup(one: KnownBot, other: KnownBot): boolean {
  return one.account === other.account && one.mode === other.mode && one.currency === other.currency;
}

function moneyBreaches(group: Group, baseline: ProfitBaseline, look: FleetRiskLook): FleetBreach[] {
  const { limits, currency: unit, members } = group;
  const found: FleetBreach[] = [];
  const add = (code: FleetRiskCode, value: Money, limit: string, words: Text): void => {
    found.push(breachOf(group, members, look, { code, value: text(value), limit, unit, words }));
  };
  const loss = money(baseline.dayStart).minus(baseline.total);
  if (limits.maxDailyLoss !== undefined && loss.gte(limits.maxDailyLoss))
    add("maxDailyLoss", loss, limits.maxDailyLoss, {
      en: `lost ${text(loss)} ${unit} today, the limit is ${limits.maxDailyLoss}`,
      "zh-TW": `本日虧損 ${text(loss)} ${unit}，上限為 ${limits.maxDailyLoss}`,
    });
  const fall = money(baseline.peak).minus(baseline.total);
  if (limits.maxDrawdown !== undefined && fall.gte(limits.maxDrawdown))
    add("maxDrawdown", fall, limits.maxDrawdown, {
      en: `fell ${text(fall)} ${unit} below its peak, the limit is ${limits.maxDrawdown}`,
      "zh-TW": `自高點回落 ${text(fall)} ${unit}，上限為 ${limits.maxDrawdown}`,
    });
  const equity = equityOf(group, baseline, look.equity);
  if (limits.minEquity !== undefined && equity?.lt(limits.minEquity))
    add("minEquity", equity, limits.minEquity, {
      en: `has an equity of ${text(equity)} ${unit}, the least is ${limits.minEquity}`,
      "zh-TW": `權益為 ${text(equity)} ${unit}，下限為 ${limits.minEquity}`,
    });
  return found;
}

/** By the exchange when it told the equity of every account that counts here, else capital plus net profit. */
function equityOf({ members, mode, currency, limits }: Group, { lifetime }: ProfitBaseline, told: readonly AccountEquity[]): Money | null {
  const accounts = distinct(members.map(({ known }) => known.account));
  const amounts = accounts.map((account) => told.find((one) => one.account === account && one.mode === mode && one.currency === currency));
  if (amounts.every((one) => one !== undefined)) return amounts.reduce((sum, one) => sum.plus(one.amount), ZERO);
  return limits.capital === undefined ? null : money(limits.capital).plus(lifetime);
}

// ---- exposure -------------------------------------------------------------------------------------------------------

function exposureBreaches(scope: Scope, look: FleetRiskLook): FleetBreach[] {
  const { maxGrossExposure = {}, maxNetExposure = {} } = scope.limits;
  return distinct([...Object.keys(maxGrossExposure), ...Object.keys(maxNetExposure)]).flatMap((base) => {
    const concerned = scope.holders.filter(({ here }) => here.some((holding) => holding.base === base));
    const quantities = concerned.flatMap(({ here }) => here.filter((holding) => holding.base === base).map(({ quantity }) => quantity));
    const gross = quantities.reduce((sum, quantity) => sum.plus(money(quantity).abs()), ZERO);
    const net = quantities.reduce((sum, quantity) => sum.plus(quantity), ZERO);
    const found: FleetBreach[] = [];
    const add = (code: FleetRiskCode, value: Money, limit: string | undefined, words: Text): void => {
      if (limit === undefined || value.abs().lte(limit)) return;
      const withLimit = { en: `${words.en}, the limit is ${limit}`, "zh-TW": `${words["zh-TW"]}，上限為 ${limit}` };
      found.push(breachOf(scope, concerned, look, { code, value: text(value), limit, unit: base, words: withLimit }));
    };
    const grossText = `${text(gross)} ${base}`;
    add("maxGrossExposure", gross, maxGrossExposure[base], { en: `holds ${grossText} gross`, "zh-TW": `總曝險 ${grossText}` });
    const netText = `${text(net)} ${base}`;
    add("maxNetExposure", net, maxNetExposure[base], { en: `holds ${netText} net`, "zh-TW": `淨曝險 ${netText}` });
    return found;
  });
}

// ---- words ----------------------------------------------------------------------------------------------------------

interface BreachFacts extends Pick<FleetBreach, "code" | "value" | "limit" | "unit"> {
  readonly words: Text;
}

function breachOf(scope: Scope, concerned: readonly Member[], { now }: FleetRiskLook, { words, ...facts }: BreachFacts): FleetBreach {
  const stale = concerned.filter((member) => isStale(member, now));
  const name: Text =
    scope.name === FLEET_SCOPE ? { en: "the fleet", "zh-TW": "整個機隊" } : { en: `account ${scope.name}`, "zh-TW": `帳戶 ${scope.name} ` };
  const remark = stale.length === 0 ? NO_WORDS : lastKnown(stale, now);
  return {
    ...{ scope: scope.name, mode: scope.mode, ...facts },
    bots: concerned.map(({ figures }) => figures.id),
    toHalt: concerned.filter(({ figures }) => figures.isWanted && !figures.isHalted).map(({ figures }) => figures.id),
    stale: stale.map(({ figures }) => figures.id),
    message: { en: `${name.en} ${words.en}${remark.en}`, "zh-TW": `${name["zh-TW"]}${words["zh-TW"]}${remark["zh-TW"]}` },
  };
}

const NO_WORDS: Text = { en: "", "zh-TW": "" };

function lastKnown(stale: readonly Member[], now: number): Text {
  const ages = stale.map(({ figures: { id }, known }): Text => {
    if (known.netPnl === null) return { en: `${id} (none yet)`, "zh-TW": `${id}（尚無數字）` };
    const seconds = Math.round((now - known.at) / 1000);
    return { en: `${id} (${seconds} s old)`, "zh-TW": `${id}（${seconds} 秒前）` };
  });
  const { en } = join(ages, ", ");
  return { en: `; last known numbers count for ${en}`, "zh-TW": `；以下以最後已知數字計算：${join(ages, "、")["zh-TW"]}` };
}

/** A bot that is at rest and flat stays worth what it was, however long ago that was told. */
function isStale({ figures, known }: Member, now: number): boolean {
  if (now - known.at <= FIGURES_STALE_MS) return false;
  return (figures.isWanted && !figures.isHalted) || known.holdings.some(({ quantity }) => !money(quantity).eq(0));
}

function distinct<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].sort();
}
