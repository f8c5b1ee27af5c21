// How much of an address's request weight each endpoint uses, as Aster's documentation gives it.

type Query = Readonly<Record<string, unknown>>;

interface Weight {
  readonly path: string;
  readonly method?: string;
  readonly weight: number | ((query: Query) => number);
}

/** Weight of the first step that `limit` does not exceed; `fallback` is the endpoint's default limit. */
function byLimit(query: Query, fallback: number, steps: readonly (readonly [number, number])[]): number {
  const limit = Number(query.limit ?? fallback);
  return steps.find(([most]) => limit <= most)?.[1] ?? steps.at(-1)?.[1] ?? 1;
}

const perSymbol =
  (one: number, all: number) =>
  (query: Query): number =>
    query.symbol === undefined ? all : one;

const DEPTH = [
  [50, 2],
  [100, 5],
  [500, 10],
  [1_000, 20],
] as const;
const KLINES = [
  [99, 1],
  [499, 2],
  [1_000, 5],
  [10_000, 10],
] as const;

/** Paths without prefix and version; what is not named weighs 1. */
const WEIGHTS: readonly Weight[] = [
  { path: "depth", weight: (query) => byLimit(query, 500, DEPTH) },
  { path: "klines", weight: (query) => byLimit(query, 500, KLINES) },
  { path: "markPriceKlines", weight: (query) => byLimit(query, 500, KLINES) },
  { path: "indexPriceKlines", weight: (query) => byLimit(query, 500, KLINES) },
  { path: "historicalTrades", weight: 20 },
  { path: "aggTrades", weight: 20 },
  { path: "ticker/24hr", weight: perSymbol(1, 40) },
  { path: "ticker/price", weight: perSymbol(1, 2) },
  { path: "ticker/bookTicker", weight: perSymbol(1, 2) },
  { path: "batchOrders", method: "POST", weight: 5 },
  { path: "openOrders", weight: perSymbol(1, 40) },
  { path: "allOrders", weight: 5 },
  { path: "countdownCancelAll", weight: 10 },
  { path: "balance", weight: 5 },
  { path: "account", weight: 5 },
  { path: "positionRisk", weight: 5 },
  { path: "userTrades", weight: 5 },
  { path: "income", weight: 30 },
  { path: "commissionRate", weight: 20 },
  { path: "positionSide/dual", method: "GET", weight: 30 },
  { path: "multiAssetsMargin", method: "GET", weight: 30 },
];

/** Weight of a request; `path` as sent, such as `/fapi/v3/depth`. */
export function weightOf(method: string, path: string, query: Query): number {
  const name = path.replace(/^\/f?api\/v\d\//, "");
  const found = WEIGHTS.find((entry) => entry.path === name && (entry.method ?? method) === method);
  return typeof found?.weight === "function" ? found.weight(query) : (found?.weight ?? 1);
}
