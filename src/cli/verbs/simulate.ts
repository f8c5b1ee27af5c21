// `botswain simulate`: every strategy in seeded bad weather, judged by the simulated exchange's own books.

import type { Command } from "commander";
import type { Strategy } from "../../core/strategy.ts";
import { UserError } from "../../core/text.ts";
import { type CampaignSummary, campaign, summarize } from "../../sim/world/campaign.ts";
import { isSabotage, SABOTAGES, type Sabotage } from "../../sim/world/sabotage.ts";
import { type SeedOutcome, STEPS_DEFAULT, simulateSeed } from "../../sim/world/simulate.ts";
import { loadStrategies } from "../../strategies/index.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import { createProgressBar } from "../progress-bar.ts";
import { addVerb } from "./verb.ts";

const SEEDS_DEFAULT = "1..100";
const SABOTAGE_SEEDS_DEFAULT = "1..10";
const SEED_MAX = 1_000_000_000;
const SEEDS_MAX = 1_000_000;
const STEPS_MAX = 1_000_000;

interface SimulateFlags {
  readonly seeds?: string;
  readonly strategy?: string;
  readonly steps: string;
  readonly sabotage?: string;
  readonly verboseSeed?: string;
  readonly json?: boolean;
}

interface Plan {
  readonly strategies: readonly Strategy[];
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly sabotage?: Sabotage;
}

export function addSimulate(program: Command): void {
  const names = Object.entries(SABOTAGES).map(([name, what]) => `  ${name.padEnd(18)}${inWords(what)}`);
  addVerb(
    program,
    "simulate",
    {
      en: "Run every strategy in simulated bad weather and judge it by the exchange's own books.",
      "zh-TW": "讓每個策略在模擬的惡劣網路與交易所狀況中執行，並以交易所自己的帳目檢驗。",
    },
    "simulate --seeds 1..100 --json",
  )
    .option(
      "--seeds <from..to>",
      inWords({ en: `seeds to run (default: ${SEEDS_DEFAULT})`, "zh-TW": `種子範圍（預設：${SEEDS_DEFAULT}）` }),
    )
    .option("--strategy <name>", inWords({ en: "this strategy alone", "zh-TW": "只執行這個策略" }))
    .option(
      "--steps <n>",
      inWords({ en: "half seconds of bad weather per seed", "zh-TW": "每個種子的惡劣狀況長度（每步半秒）" }),
      String(STEPS_DEFAULT),
    )
    .option("--verbose-seed <seed>", inWords({ en: "print all that happens in one seed", "zh-TW": "印出單一種子的完整過程" }))
    .option(
      "--sabotage <name>",
      inWords({ en: "self-test: plant a bug, which must be found", "zh-TW": "自我檢測：植入一個必須被抓到的錯誤" }),
    )
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .addHelpText("after", `\n${inWords({ en: "Bugs to plant:", "zh-TW": "可植入的錯誤：" })}\n${names.join("\n")}`)
    .action(async (flags: SimulateFlags) => {
      process.exitCode = await simulate(flags);
    });
}

async function simulate(flags: SimulateFlags): Promise<number> {
  const plan = planOf(flags, await loadStrategies());
  if (flags.verboseSeed !== undefined) return tell(plan);
  const startedAt = performance.now();
  const { outcomes, isInterrupted } = await run(plan);
  const elapsedMs = Math.round(performance.now() - startedAt);
  const summary = summarize(outcomes);
  const hasFailed = summary.failures.length > 0;
  // A planted bug that nobody finds is the failure.
  const ok = !isInterrupted && (plan.sabotage === undefined ? !hasFailed : hasFailed);
  if (flags.json) print(JSON.stringify(reportOf(plan, summary, ok, elapsedMs)));
  else describe(plan, summary, elapsedMs);
  return isInterrupted ? EXIT.interrupted : ok ? EXIT.success : EXIT.failure;
}

/** Runs seed after seed; Ctrl-C ends after the present one, a second Ctrl-C at once. */
async function run(plan: Plan): Promise<{ readonly outcomes: readonly SeedOutcome[]; readonly isInterrupted: boolean }> {
  const outcomes: SeedOutcome[] = [];
  const bar = createProgressBar(process.stderr, plan.strategies.length * (plan.to - plan.from + 1), () => performance.now());
  let isInterrupted = false;
  const onInterrupt = (): void => {
    isInterrupted = true;
  };
  process.once("SIGINT", onInterrupt);
  for (const outcome of campaign(plan)) {
    outcomes.push(outcome);
    bar.show(outcomes.length, `${outcome.strategy} ${outcome.seed}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (isInterrupted) break;
  }
  process.off("SIGINT", onInterrupt);
  bar.end();
  return { outcomes, isInterrupted };
}

/** One seed, line by line: `>` is what the kernel hears, `<` what it asks for. */
function tell(plan: Plan): number {
  let hasFailed = false;
  for (const strategy of plan.strategies) {
    const { steps, sabotage } = plan;
    const outcome = simulateSeed(strategy, plan.from, { steps, keepsTrace: true, ...(sabotage === undefined ? {} : { sabotage }) });
    print(`# ${strategy.name}, seed ${plan.from}`);
    for (const line of outcome.trace) print(line);
    for (const fault of outcome.faults) complain(`${strategy.name} ${plan.from}: ${fault}`);
    hasFailed ||= outcome.faults.length > 0;
  }
  return hasFailed ? EXIT.failure : EXIT.success;
}

function reportOf(plan: Plan, summary: CampaignSummary, ok: boolean, elapsedMs: number): object {
  return {
    ok,
    seeds: plan.to - plan.from + 1,
    ...(plan.sabotage === undefined ? {} : { sabotage: plan.sabotage }),
    strategies: plan.strategies.map(({ name }) => name),
    steps: plan.steps,
    ...summary,
    failures: summary.failures.map((failure) => ({ ...failure, reproduce: reproduction(plan, failure) })),
    elapsedMs,
  };
}

function describe(plan: Plan, summary: CampaignSummary, elapsedMs: number): void {
  for (const failure of summary.failures) {
    const words = [...failure.faults.map((fault) => `  ${fault}`), `  $ ${reproduction(plan, failure)}`];
    (plan.sabotage === undefined ? complain : print)([`${failure.strategy} ${failure.seed}`, ...words].join("\n"));
  }
  const { runs, fills, orders, restarts, simulatedMs, failures, tracesHash } = summary;
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const misfortunes = Object.entries(summary.misfortunes).map(([name, times]) => `${name} ${times}`);
  print({
    en: `${runs} runs, ${failures.length} with faults; ${orders} orders, ${fills} fills, ${restarts} restarts, ${hours} simulated hours in ${seconds} s; traces ${tracesHash}`,
    "zh-TW": `${runs} 次執行，${failures.length} 次有錯；${orders} 筆委託、${fills} 筆成交、${restarts} 次重啟，${seconds} 秒內模擬 ${hours} 小時；軌跡 ${tracesHash}`,
  });
  print(misfortunes.join(", "));
  const happenings = Object.entries(summary.happenings).map(([name, times]) => `${name} ${times}`);
  if (happenings.length > 0) print(happenings.join(", "));
  if (plan.sabotage === undefined) return;
  const isCaught = failures.length > 0;
  print({
    en: isCaught ? `the planted bug ${plan.sabotage} was found` : `the planted bug ${plan.sabotage} was NOT found`,
    "zh-TW": isCaught ? `植入的錯誤 ${plan.sabotage} 已被抓到` : `植入的錯誤 ${plan.sabotage} 未被抓到`,
  });
}

/** The command that shows one failure again. */
function reproduction(plan: Plan, { seed, strategy }: { readonly seed: number; readonly strategy: string }): string {
  const steps = plan.steps === STEPS_DEFAULT ? "" : ` --steps ${plan.steps}`;
  const sabotage = plan.sabotage === undefined ? "" : ` --sabotage ${plan.sabotage}`;
  return `botswain simulate --strategy ${strategy} --verbose-seed ${seed}${steps}${sabotage}`;
}

// ---- flags ------------------------------------------------------------------------------------------------------------

function planOf(flags: SimulateFlags, all: ReadonlyMap<string, Strategy>): Plan {
  const { strategy, sabotage } = flags;
  const chosen = strategy === undefined ? [...all.values()] : [all.get(strategy)].flatMap((found) => found ?? []);
  if (chosen.length === 0) {
    const names = [...all.keys()].join(", ");
    throw new UserError({ en: `--strategy ${strategy} is none of ${names}`, "zh-TW": `--strategy ${strategy} 不是可用的策略：${names}` });
  }
  const steps = wholeNumber("--steps", flags.steps, 1, STEPS_MAX);
  if (sabotage !== undefined && !isSabotage(sabotage)) {
    const names = Object.keys(SABOTAGES).join(", ");
    throw new UserError({ en: `--sabotage ${sabotage} is none of ${names}`, "zh-TW": `--sabotage ${sabotage} 不在清單中：${names}` });
  }
  const planted = sabotage === undefined ? {} : { sabotage };
  if (flags.verboseSeed !== undefined) {
    const seed = wholeNumber("--verbose-seed", flags.verboseSeed, 0, SEED_MAX);
    return { strategies: chosen, steps, from: seed, to: seed, ...planted };
  }
  const seeds = flags.seeds ?? (sabotage === undefined ? SEEDS_DEFAULT : SABOTAGE_SEEDS_DEFAULT);
  return { strategies: chosen, steps, ...rangeOf(seeds), ...planted };
}

/** `7` or `1..100`. */
function rangeOf(seeds: string): { readonly from: number; readonly to: number } {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(seeds);
  const from = Number(match?.[1] ?? Number.NaN);
  const to = Number(match?.[2] ?? from);
  const isFine = to >= from && to <= SEED_MAX && to - from < SEEDS_MAX;
  if (isFine) return { from, to };
  throw new UserError({
    en: `--seeds ${seeds} must be a seed or a range such as 1..100, at most ${SEEDS_MAX} seeds up to ${SEED_MAX}`,
    "zh-TW": `--seeds ${seeds} 必須是一個種子或如 1..100 的範圍，最多 ${SEEDS_MAX} 個，最大 ${SEED_MAX}`,
  });
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError({
    en: `${flag} ${text} must be a whole number from ${least} to ${most}`,
    "zh-TW": `${flag} ${text} 必須是 ${least} 到 ${most} 的整數`,
  });
}
