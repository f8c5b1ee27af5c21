// Each quirk of Lighter by name: what ccxt or the exchange does otherwise, and what our adapter makes of it.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/core/text.ts";
import type { Lots, Ticks } from "../../src/core/units.ts";
import type { CcxtMarket } from "../../src/exchanges/ccxt-loader.ts";
import { credentialFieldsOf } from "../../src/exchanges/credential-fields.ts";
import { limitsOf } from "../../src/exchanges/limits.ts";
import { readAnswer } from "../../src/exchanges/outcome.ts";
import { lighter, lighterRobinhood } from "../../src/exchanges/quirks/lighter.ts";
import { LIGHTER_ANSWERS } from "../../src/exchanges/quirks/lighter-answers.ts";
import { BookSequence } from "../../src/exchanges/quirks/lighter-book.ts";
import { checkSignerFiles } from "../../src/exchanges/quirks/lighter-signer.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { Listener } from "../conformance/world.ts";
import { isTestSigner, lighterSigner, signerCalls, signerLoads } from "../sim/lighter-signer.ts";
import { admin, until } from "../sim/loopback-exchange.ts";
import { accessOf, ETH, inPlace, type Opened, openLighter, order, pathCounts, refOf, requestOf, startAmple } from "./lighter-desk.ts";
import { type Connected, connectTo } from "./stub-exchange.ts";

const SEND = "/api/v1/sendTx";

describe("quirks of Lighter at the exchange", () => {
  let sim: ExchangeSim;
  let one: Connected;
  let two: Connected;
  let raw: Opened;

  beforeAll(async () => {
    sim = await startAmple();
    [one, two, raw] = [await connectTo(accessOf(sim)), await connectTo(accessOf(sim, "two")), await openLighter(accessOf(sim))];
  });
  afterAll(async () => {
    await Promise.all([one.port.close(), two.port.close(), raw.close()]);
    await sim.close();
  });
  beforeEach(async () => {
    await admin(sim, "DELETE", "/sim/faults");
    for (const { name } of sim.accounts) sim.exchange.cancelAll(name, null);
    raw.sent.length = 0;
  });

  const openOf = (name = "one") => [...sim.exchange.state.account(name).open.values()];
  const place = (fields: Parameters<typeof order>[0] = {}) => one.port.place(ETH, order(fields), "open", Promise.resolve(true));
  const placed = async (fields: Parameters<typeof order>[0] = {}) => {
    const wanted = order(fields);
    const outcome = await one.port.place(ETH, wanted, "open", Promise.resolve(true));
    if (outcome.outcome !== "accepted") throw new Error(JSON.stringify(outcome));
    return { ...refOf(wanted.clientOrderId, outcome.exchangeOrderId), outcome };
  };
  const fault = (method: string, path: string, more: object) => admin(sim, "POST", "/sim/faults", { method, path, ...more });

  it("quirk: no integrator's fee, no approval and no new key in a whole round trip", async () => {
    const request = requestOf();
    const answer = await inPlace(() => raw.quirks.place(raw.lighter, request));
    await inPlace(() =>
      raw.quirks.cancel(raw.lighter, { ...refOf(request.clientOrderId), exchangeOrderId: String(answer.id), symbol: ETH }),
    );
    const transactions = raw.sent.filter(({ path }) => path === SEND);
    expect(transactions.map(({ body }) => (body as { tx_type: number }).tx_type)).toEqual([14, 15]);
    for (const { info } of transactions) expect(info.L2TxAttributes).toEqual({ "4": 1 });
    expect(JSON.stringify(raw.sent)).not.toMatch(/builder|referr|718718/i);
    expect(raw.violations).toEqual([]);
    if (isTestSigner) expect(signerCalls().filter((name) => /ChangePubKey|GenerateAPIKey|ApproveIntegrator/.test(name))).toEqual([]);
  });

  it("quirk: ccxt's change of the API key and its approval of fees are refused", async () => {
    await expect(raw.lighter.changeApiKey()).rejects.toThrow(/not changed/);
    await expect(raw.lighter.approveBuilderFee()).rejects.toThrow(/not approved/);
    expect(await raw.lighter.handleBuilderFeeApproval(1, 4)).toBe(false);
    expect(raw.sent).toEqual([]);
  });

  it.skipIf(!isTestSigner)("quirk: the signer is loaded once for all accounts of a process", async () => {
    expect(signerLoads()).toBe(1);
    const outcomes = await Promise.all([place(), two.port.place(ETH, order(), "open", Promise.resolve(true))]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
    expect([openOf().length, openOf("two").length]).toEqual([1, 1]);
  });

  it("quirk: no account is opened with signer files that nobody vouched for", async () => {
    await expect(connectTo(accessOf(sim, "one", { librarySha256: "00".repeat(32) }))).rejects.toThrow(/not the file you vouched for/);
  });

  it("quirk: the same account and key index with another private key is refused, not mixed up", async () => {
    const strange = accessOf(sim, "one", { apiPrivateKey: "ab".repeat(40) });
    await expect(connectTo(strange)).rejects.toThrow(/open in this process with another private key/);
    expect((await place()).outcome).toBe("accepted");
  });

  it("quirk: the nonce is the permit's, in ms, and always grows", async () => {
    const granted: number[] = [];
    const { answer } = raw.permits;
    raw.permits.answer = async () => {
      const grant = await answer();
      if (grant.granted && grant.nonce !== undefined) granted.push(Math.floor(grant.nonce / 1_000));
      return grant;
    };
    await Promise.all(["2390.00", "2391.00", "2392.00"].map((price) => inPlace(() => raw.quirks.place(raw.lighter, requestOf({ price })))));
    raw.permits.answer = answer;
    const nonces = raw.sent.filter(({ path }) => path === SEND).map(({ info }) => Number(info.Nonce));
    expect(nonces).toHaveLength(3);
    expect([...new Set(nonces)].sort((a, b) => a - b)).toEqual(nonces);
    for (const nonce of nonces) expect(granted).toContain(nonce);
    raw.permits.answer = async () => ({ granted: true, waitedMs: 0, nonce: 1_000 });
    const before = Math.max(...nonces);
    await inPlace(() => raw.quirks.place(raw.lighter, requestOf()));
    raw.permits.answer = answer;
    expect(Number(raw.sent.findLast(({ path }) => path === SEND)?.info.Nonce)).toBe(before + 1);
  });

  it("quirk: the permit is taken before the signature, and once", async () => {
    const { answer } = one.permits;
    const signed = signerCalls().length;
    one.permits.answer = async () => ({ granted: false, code: "queueFull", message: "no room", retryInMs: 10 });
    expect(await place()).toMatchObject({ outcome: "denied", code: "queueFull" });
    one.permits.answer = answer;
    if (isTestSigner) expect(signerCalls().slice(signed)).toEqual([]);
    const [taken, counts] = [one.permits.taken.length, await pathCounts(sim)];
    await placed();
    const after = await pathCounts(sim);
    const requests = Object.keys(after).reduce((sum, path) => sum + (after[path] ?? 0) - (counts[path] ?? 0), 0);
    expect(one.permits.taken.length - taken).toBe(requests);
  });

  it("quirk: a transaction waits for the answer to the one before, whose nonce is lower", async () => {
    await fault("POST", SEND, { kind: "delay", phase: "request", delayMs: 150, times: 1 });
    const outcomes = await Promise.all([place({ price: 239_000 as Ticks }), place({ price: 239_100 as Ticks })]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
  });

  it("quirk: an order is accepted when the sequencer shows it, under the exchange's own id", async () => {
    const { outcome } = await placed({ postOnly: true });
    expect(Number(outcome.exchangeOrderId)).toBeGreaterThan(2 ** 48);
    await fault("GET", "/api/v1/account", { kind: "status", status: 503, times: 20 });
    expect(await place()).toMatchObject({ outcome: "unknown" });
  });

  it("quirk: what the sequencer refuses is rejected with its reason", async () => {
    expect(await place({ price: 251_000 as Ticks, postOnly: true })).toMatchObject({ outcome: "rejected", code: "canceled-post-only" });
    expect(await place({ price: 251_000 as Ticks, quantity: 90_000_000 as Lots, timeInForce: "ioc" })).toMatchObject({
      ...{ outcome: "rejected", code: "canceled-margin-not-allowed" },
    });
    expect(await place({ quantity: 90_000_000 as Lots })).toMatchObject({ outcome: "rejected", code: "21739" });
    expect(await place({ timeInForce: "ioc" })).toMatchObject({ outcome: "accepted", closed: true, filledQuantity: 0 });
  });

  it("quirk: while the stream stands it confirms orders and cancels, which then cost one request each", async () => {
    const listener = new Listener(one.port, [ETH]);
    try {
      await listener.ready();
      const before = await pathCounts(sim);
      const ref = await placed();
      expect(await one.port.cancel(ref, "cancel")).toEqual({ outcome: "canceled", filledQuantity: 0 });
      const after = await pathCounts(sim);
      const told = Object.keys(after).filter((route) => after[route] !== before[route]);
      expect(told).toEqual([`POST ${SEND}`]);
      expect((after[`POST ${SEND}`] ?? 0) - (before[`POST ${SEND}`] ?? 0)).toBe(2);
    } finally {
      await listener.stop();
    }
  });

  it("quirk: the private streams stand when orders and trades are subscribed, not when the socket does", async () => {
    await admin(sim, "POST", "/sim/faults", { topic: "account_all_trades", kind: "lose", times: 1 });
    const listener = new Listener(one.port, [ETH]);
    try {
      await listener.until("a book", () => listener.of("book").length > 0);
      expect(listener.of("resynced").map(({ stream }) => stream)).toEqual(["public"]);
    } finally {
      await listener.stop();
    }
    expect(lighter.isPrivateUrl(raw.lighter, sim.wsUrl)).toBe(false);
  });

  it("quirk: a cancel that was taken is canceled, filled or not found by what became of the order", async () => {
    const ref = await placed({ postOnly: true });
    sim.driver.moveTo("0", 240_000 as Ticks, 500_000 as Lots);
    await until("the fill", () => (openOf().length === 0 ? true : null));
    expect(await one.port.cancel(ref, "cancel")).toEqual({ outcome: "canceled", filledQuantity: 1_000 });
    expect(await one.port.cancel(refOf(order().clientOrderId), "cancel")).toEqual({ outcome: "notFound" });
    sim.driver.moveTo("0", 250_000 as Ticks, null);
    const open = await placed();
    await fault("GET", "/api/v1/account", { kind: "status", status: 503, times: 20 });
    expect((await one.port.cancel(open, "cancel")).outcome).toBe("unknown");
  });

  it("quirk: a change in place is told once the exchange shows the new price", async () => {
    const ref = await placed({ postOnly: true });
    const to = { side: "buy", price: 239_000 as Ticks, quantity: 2_000 as Lots, postOnly: true, reduceOnly: false } as const;
    const changed = await one.port.amend?.(ref, to, Promise.resolve(true));
    expect(changed).toEqual({ outcome: "amended", exchangeOrderId: ref.exchangeOrderId, price: 239_000, quantity: 2_000 });
  });

  it("quirk: an order that is missing a moment after it was sent is unknown, later not found", async () => {
    const { clientOrderId } = order();
    expect(await one.port.lookup(refOf(clientOrderId))).toMatchObject({ found: "unknown" });
    expect(await one.port.lookup(refOf(clientOrderId, null, Date.now() - 2_000))).toEqual({ found: "notFound" });
  });

  it("quirk: a second order of the same client index is doubtful, not refused", async () => {
    const first = order();
    expect((await one.port.place(ETH, first, "open", Promise.resolve(true))).outcome).toBe("accepted");
    expect(await one.port.place(ETH, first, "open", Promise.resolve(true))).toMatchObject({ outcome: "unknown" });
    expect(openOf()).toHaveLength(1);
  });

  it("quirk: times are told in ms, which ccxt takes for seconds", async () => {
    await placed();
    const [open] = (await one.port.snapshot([ETH])).openOrders;
    expect(Math.abs((open?.at ?? 0) - Date.now())).toBeLessThan(5_000);
    expect(raw.lighter.parseOrder({ timestamp: 1_766_387_932, market_index: 0 }).timestamp).toBe(1_766_387_932_000);
  });

  it("quirk: fills of the history carry their fee and our id, and are read page by page", async () => {
    const since = Date.now() - 500;
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await placed({ price: 260_000 as Ticks, timeInForce: "ioc" })).clientOrderId);
    const before = await pathCounts(sim);
    const { complete, fills } = await one.port.fillsSince(ETH, since);
    expect(complete).toBe(true);
    expect(fills.map(({ clientOrderId }) => clientOrderId)).toEqual(expect.arrayContaining(ids));
    for (const fill of fills) {
      expect(Number(fill.fee)).toBeCloseTo(fill.price * fill.quantity * 1e-6 * 0.000_28, 9);
      expect(fill.feeCurrency).toBe("USDC");
    }
    const page = await raw.lighter.privateGetTrades({
      sort_by: "timestamp",
      account_index: raw.lighter.accountIndex,
      market_id: 0,
      limit: 2,
    });
    expect(page).toMatchObject({ next_cursor: expect.any(String) });
    expect((await pathCounts(sim))["GET /api/v1/trades"]).toBe((before["GET /api/v1/trades"] ?? 0) + 2);
  });

  it("quirk: a history of more than one page is read to its end, by the cursor that ccxt drops", async () => {
    const since = Date.now() - 500;
    const ref = await placed({ quantity: 6_000 as Lots, postOnly: true });
    sim.driver.moveTo("0", 240_000 as Ticks, 0 as Lots);
    const hit = {
      symbol: "0",
      side: "sell",
      price: 240_000 as Ticks,
      quantity: 50 as Lots,
      quoteQuantity: null,
      timeInForce: "ioc",
    } as const;
    const rest = { postOnly: false, reduceOnly: false, clientId: null, selfTrade: "rejectTaker" } as const;
    for (let count = 0; count < 120; count += 1) sim.exchange.place("two", { ...hit, ...rest });
    sim.driver.moveTo("0", 250_000 as Ticks, null);
    const { complete, fills } = await one.port.fillsSince(ETH, since);
    const own = fills.filter(({ exchangeOrderId }) => exchangeOrderId === ref.exchangeOrderId);
    expect(complete).toBe(true);
    expect(own.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(6_000);
    expect(own.length).toBeGreaterThan(100);
  });

  it("quirk: an order that is over is found in the history of inactive ones", async () => {
    const ref = await placed();
    await one.port.cancel(ref, "cancel");
    const found = await one.port.lookup({ ...ref, createdAt: Date.now() - 2_000 });
    expect(found).toMatchObject({ found: "closed", status: "canceled", exchangeOrderId: ref.exchangeOrderId, filledQuantity: 0 });
  });

  it("quirk: balances are the collateral and the spot assets together, in one read with the positions", async () => {
    const before = (await pathCounts(sim))["GET /api/v1/account"] ?? 0;
    const { balances, positions } = await one.port.snapshot([ETH]);
    expect((await pathCounts(sim))["GET /api/v1/account"]).toBe(before + 1);
    expect(balances.map(({ currency }) => currency).sort()).toEqual(["ETH", "USDC"]);
    expect(balances.find(({ currency }) => currency === "ETH")?.total).toBe("5");
    expect(positions[0]?.symbol).toBe(ETH);
  });

  it("quirk: leverage keeps the margin mode, and the margin mode keeps the leverage", async () => {
    await one.port.setPerp?.(ETH, { leverage: 4 });
    await until("leverage", () => sim.exchange.leverageOf("one", "0") === 4);
    await one.port.setPerp?.(ETH, { marginMode: "cross" });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(sim.exchange.leverageOf("one", "0")).toBe(4);
    await expect(one.port.setPerp?.(ETH, { marginMode: "isolated" })).rejects.toThrow(/21613/);
  });

  it("quirk: the dead-man switch is the account's, of five minutes at least, and is taken back to be renewed", async () => {
    const until5 = (): number => sim.exchange.state.account("one").countdowns.get("") ?? 0;
    await expect(one.port.deadManSwitch?.([ETH], 60_000)).rejects.toThrow(/at least 300000 ms, not 60000/);
    await one.port.deadManSwitch?.([ETH], 300_000);
    const first = await until("the switch", () => until5() || null);
    expect(first - Date.now()).toBeGreaterThan(299_000);
    await one.port.deadManSwitch?.([ETH], 600_000);
    await until("the later switch", () => until5() > first + 200_000);
    await one.port.deadManSwitch?.([ETH], null);
    await until("no switch", () => until5() === 0);
  });

  it("quirk: funding is told by its own id, positive when received", async () => {
    const since = Date.now() - 500;
    await placed({ side: "sell", price: 240_000 as Ticks, timeInForce: "ioc" });
    const held = sim.exchange.state.account("one").positions.get("0")?.quantity ?? 0;
    sim.exchange.payFunding("0", "0.0001");
    const { complete, entries } = await one.port.fundingSince(ETH, since - 1_000);
    const truth = sim.exchange.state.account("one").funding.at(-1);
    expect(complete).toBe(true);
    expect(entries.at(-1)).toMatchObject({ id: String(truth?.id), amount: truth?.amount });
    expect(Math.sign(Number(truth?.amount))).toBe(-Math.sign(held));
  });

  it("quirk: tokens live shorter than the eight hours that Lighter admits", () => {
    const token = raw.lighter.createAuth({ accountIndex: raw.lighter.accountIndex, apiKeyIndex: raw.lighter.options.apiKeyIndex });
    const leftS = Number(token.split(":")[0]) - Date.now() / 1_000;
    expect(leftS).toBeLessThanOrEqual(4 * 3_600);
    expect(leftS).toBeGreaterThan(3 * 3_600);
  });

  it("quirk: a key slot below 4 is used as it is, where ccxt takes 254", () => {
    const before = raw.lighter.options.apiKeyIndex;
    raw.lighter.options.apiKeyIndex = 2;
    expect(raw.lighter.handleApiKeyIndex({})[0]).toBe(2);
    raw.lighter.options.apiKeyIndex = before;
  });

  it("quirk: a mark price comes from the market's statistics", async () => {
    const listener = new Listener(one.port, [ETH]);
    try {
      await listener.until("a mark", () => listener.of("mark").length > 0);
      expect(listener.of("mark")[0]?.mark).toBe(sim.exchange.state.market("0").price);
    } finally {
      await listener.stop();
    }
  });

  it("quirk: a gap in the book renews its subscription alone, the connection stays", async () => {
    const listener = new Listener(one.port, [ETH]);
    try {
      await listener.ready();
      await admin(sim, "POST", "/sim/faults", { topic: "order_book", kind: "lose", times: 1 });
      for (let step = 1; step <= 4; step += 1) sim.driver.moveTo("0", (252_000 + step * 3) as Ticks, null);
      const best = () => sim.exchange.state.market("0").engine.best("buy")?.price;
      await listener.until("the right book", () => listener.of("book").at(-1)?.bestBid === best());
      expect(listener.of("disconnected").map(({ stream }) => stream)).toEqual(["public"]);
    } finally {
      await listener.stop();
      sim.driver.moveTo("0", 250_000 as Ticks, null);
    }
  });

  it("quirk: on Robinhood Chain money is USDG, where ccxt says USDC", async () => {
    const access = accessOf(sim, "two", { chainId: "300" });
    const plain = { ...access, exchange: "lighterrobinhood", credentials: access.credentials };
    const { quirks } = raw;
    expect(quirks.id).toBe("lighter");
    const venue = await openLighter({ ...plain, credentials: { ...accessOf(sim, "three", KEYS).credentials } });
    expect(Object.keys(venue.lighter.markets ?? {})).toContain("ETH/USDG:USDG");
    expect(venue.lighter.market("ETH/USDG:USDG")).toMatchObject({ quote: "USDG", settle: "USDG", contractSize: "1" });
    expect(venue.lighter.options.chainId).toBe(466_324);
    await venue.close();
  });
});

/** Keys that nobody else uses. */
const KEYS = { accountIndex: "77", apiKeyIndex: "9", apiPrivateKey: "cd".repeat(40) };

describe("quirks of Lighter by themselves", () => {
  it("quirk: the signer's files must be there and be the ones that were vouched for", () => {
    const files = lighterSigner();
    const fails = (values: object): string => {
      try {
        checkSignerFiles({ ...files, ...values });
        return "";
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        return (error as Error).message;
      }
    };
    expect(fails({})).toBe("");
    expect(fails({ librarySha256: files.librarySha256.toUpperCase() })).toBe("");
    expect(fails({ libraryPath: "" })).toMatch(/libraryPath .* is not given.*github.com\/ccxt\/lighter-wasm.*elliottech\/lighter-go/);
    expect(fails({ wasmExecPath: "/nowhere/wasm_exec.js" })).toMatch(/wasmExecPath \/nowhere\/wasm_exec.js cannot be read/);
    expect(fails({ librarySha256: "" })).toContain(files.librarySha256);
    const other = join(mkdtempSync(join(tmpdir(), "signer-")), "wasm_exec.js");
    writeFileSync(other, "globalThis.Go = null;");
    expect(fails({ wasmExecPath: other })).toMatch(/not the file you vouched for/);
  });

  it("quirk: Lighter's codes mean what they say, where ccxt calls nearly all of them an invalid order", () => {
    const kinds: Record<string, string> = {
      ...{ 21104: "rejected", 21706: "rejected", 21732: "rejected", 21739: "insufficientFunds", 21508: "insufficientFunds" },
      ...{ 21120: "authentication", 20013: "authentication", 21600: "notFound", 21715: "notFound", 23000: "rateLimited" },
    };
    for (const [code, kind] of Object.entries(kinds)) expect(readAnswer(LIGHTER_ANSWERS, 400, code, true).kind, code).toBe(kind);
    expect(readAnswer(LIGHTER_ANSWERS, 200, "21739", true)).toEqual({ kind: "insufficientFunds", isProof: true });
    expect(readAnswer(LIGHTER_ANSWERS, 500, "21739", true).isProof).toBe(false);
    expect([lighter.codeOf({ code: 200 }), lighter.codeOf({ code: 21_739 })]).toEqual([null, "21739"]);
    expect(lighter.refusesWithSuccess).toBe(true);
  });

  it("quirk: the status is read from Lighter's own word, of which ccxt does not know all", () => {
    const statusOf = (status: string) => lighter.statusOf({ status, info: { status } });
    expect(["open", "filled", "canceled-expired", "canceled-invalid-balance"].map(statusOf)).toEqual([
      "open",
      "filled",
      "expired",
      "canceled",
    ]);
    expect(statusOf("in-progress")).toBeNull();
  });

  it("quirk: a list that is null is empty, one that is missing is no answer", () => {
    const readable = (path: string, body: unknown): boolean => lighter.isReadable(`api/v1/${path}`, "GET", body);
    expect(readable("trades", { code: 200, trades: null })).toBe(true);
    expect(readable("trades", { code: 200 })).toBe(false);
    expect(readable("accountActiveOrders", { code: 200, orders: [] })).toBe(true);
    expect(readable("accountActiveOrders", [])).toBe(false);
    expect(readable("account", { accounts: [] })).toBe(false);
    expect(readable("sendTx", { code: 200 })).toBe(false);
    expect(lighter.isReadable("", "GET", { status: 200 })).toBe(true);
  });

  it("quirk: addresses and accounts are counted apart, and reads of trades by themselves", () => {
    expect(lighter.chargesOf("sendTx", "POST", {})).toEqual({ requests: 1, account: 1 });
    expect(lighter.chargesOf("api/v1/trades", "GET", {})).toEqual({ requests: 1, account: 1, trades: 1 });
    const limits = limitsOf("lighter").map(({ limit, name, scope }) => [name, limit, scope ?? "account"]);
    expect(limits).toEqual([
      ["requests", 60, "address"],
      ["account", 60, "account"],
      ["trades", 40, "address"],
    ]);
  });

  it("quirk: a book message that does not follow is a gap, by nonce or by offset", () => {
    const sequence = new BookSequence();
    const message = (type: string, order_book: object) => ({ type: `${type}/order_book`, order_book });
    expect(sequence.judge("0", message("subscribed", { nonce: 10, offset: 5, begin_nonce: 0 }))).toBe("fits");
    // Nonces and offsets of a quiet server jump; only the chain counts.
    expect(sequence.judge("0", message("update", { nonce: 17, offset: 9, begin_nonce: 10 }))).toBe("fits");
    expect(sequence.judge("0", message("update", { nonce: 30, offset: 10, begin_nonce: 20 }))).toBe("gap");
    expect(sequence.judge("0", message("update", { nonce: 31, offset: 11, begin_nonce: 30 }))).toBe("waits");
    expect(sequence.isWaiting("0")).toBe(true);
    expect(sequence.judge("0", message("subscribed", { nonce: 40, offset: 12 }))).toBe("fits");
    expect(sequence.judge("0", message("update", { nonce: 41, offset: 13 }))).toBe("fits");
    expect(sequence.judge("0", message("update", { nonce: 43, offset: 15 }))).toBe("gap");
  });

  it("quirk: the highest leverage comes from the smallest margin fraction", () => {
    const market = (info: object) => ({ info }) as unknown as CcxtMarket;
    expect(lighter.maxLeverage(market({ min_initial_margin_fraction: 200 }))).toBe(50);
    expect(lighter.maxLeverage(market({}))).toBeNull();
  });

  it("quirk: client order ids are whole numbers below 2^48", () => {
    expect(lighter.idOut("150994945")).toBe(150_994_945);
    for (const id of ["0", "abc", String(2 ** 48), "-1"]) expect(() => lighter.idOut(id)).toThrow(/from 1 to 281474976710655/);
  });

  it("quirk: Lighter on Robinhood Chain has its own address and chain, and neither takes the other's keys", () => {
    expect(lighterRobinhood.ccxtId).toBe("lighter");
    expect(lighterRobinhood.hosts).toEqual(["api.rh.lighter.xyz"]);
    expect(lighterRobinhood.config.urls).toMatchObject({
      api: { public: "https://api.rh.lighter.xyz", ws: "wss://api.rh.lighter.xyz/stream" },
    });
    expect(lighterRobinhood.login(KEYS)).toMatchObject({ options: { chainId: 466_324 } });
    expect(lighter.login(KEYS)).toMatchObject({ options: { chainId: 304 } });
    expect(() => lighter.login({ ...KEYS, chainId: "466324" })).toThrow(/exchange lighterrobinhood/);
    expect(() => lighterRobinhood.login({ ...KEYS, chainId: "304" })).toThrow(/exchange lighter$/);
    expect(credentialFieldsOf("lighterrobinhood")).toBe(credentialFieldsOf("lighter"));
  });

  it("quirk: ccxt is given the API key alone, never the wallet's", () => {
    const config = lighter.login({ ...KEYS, apiPrivateKey: `0x${KEYS.apiPrivateKey}` });
    expect(config).not.toHaveProperty("privateKey");
    expect(config).toMatchObject({ options: { auths: { 77: { 9: { lighterPrivateKey: KEYS.apiPrivateKey } } } } });
  });
});
