// Sends, changes and cancels one order and says honestly how it ended: accepted, rejected, denied or unknown.

import { decodeClientOrderId } from "../core/client-order-id.ts";
import type { PlaceOrder } from "../core/effects.ts";
import { type Instrument, toLots, toPrice, toQuantity, toTicks } from "../core/instrument.ts";
import type { Amendment, AmendOutcome, CancelOutcome, OrderRef, PlaceOutcome } from "../core/ports.ts";
import type { Lots } from "../core/units.ts";
import type { ExchangeAccount } from "./account.ts";
import type { CcxtExchange, CcxtOrder } from "./ccxt-loader.ts";
import { filledOf, toContracts } from "./normalize.ts";
import { AnswerError, DeniedError, messageOf } from "./outcome.ts";
import type { OrderRequest, Quirks } from "./quirks.ts";
import { newContext, type RequestContext, withContext } from "./request-context.ts";

export interface OrderEntryOptions {
  readonly exchange: CcxtExchange;
  readonly quirks: Quirks;
  readonly account: ExchangeAccount;
  /** Requests that the builder-fee guard stopped; not empty means: place nothing any more. */
  readonly violations: readonly string[];
  /** The instrument that orders are counted in. Throws for a symbol that the exchange does not list. */
  readonly known: (symbol: string) => Instrument;
  /** Told of every refusal's words. */
  readonly refused: (message: string) => void;
}

export class OrderEntry {
  readonly #options: OrderEntryOptions;

  constructor(options: OrderEntryOptions) {
    this.#options = options;
  }

  async place(symbol: string, order: PlaceOrder, urgency: "close" | "open", ready: Promise<boolean>): Promise<PlaceOutcome> {
    const { exchange, known, quirks } = this.#options;
    const context = newContext(urgency === "close" ? "reduce" : "place", "place", ready);
    try {
      const instrument = known(symbol);
      const request = this.#request(instrument, order);
      return accepted(quirks, instrument, await withContext(context, () => quirks.place(exchange, request)));
    } catch (error) {
      return this.#placeFailure(error, context);
    } finally {
      // A refusal before the wait must not leave the intent's failure unheard.
      ready.catch(() => undefined);
    }
  }

  async amend(order: OrderRef, to: Amendment, ready: Promise<boolean>): Promise<AmendOutcome> {
    const { exchange, known, quirks } = this.#options;
    const context = newContext("place", "place", ready);
    try {
      const instrument = known(order.symbol);
      const request = this.#request(instrument, { ...to, clientOrderId: order.clientOrderId, timeInForce: "gtc" });
      if (quirks.amend === undefined) throw new DeniedError("noAmend", `${quirks.id} changes no order in place`);
      const amend = quirks.amend.bind(quirks);
      const answer = await withContext(context, () => amend(exchange, order, request));
      if (answer.id === undefined) return { outcome: "unknown", message: "the answer names no order" };
      const price = answer.price === undefined ? to.price : toTicks(instrument, answer.price, "nearest");
      const quantity = answer.amount === undefined ? to.quantity : toLots(instrument, answer.amount, "nearest");
      return { outcome: "amended", exchangeOrderId: answer.id, price, quantity };
    } catch (error) {
      const failure = this.#placeFailure(error, context);
      if (failure.outcome === "unknown") return failure;
      return { outcome: "refused", code: "code" in failure ? failure.code : "refused", message: messageOf(error) };
    } finally {
      ready.catch(() => undefined);
    }
  }

  async cancel(order: OrderRef, urgency: "panic" | "cancel"): Promise<CancelOutcome> {
    const { account, exchange, known, quirks } = this.#options;
    const context = newContext(urgency, "cancel");
    try {
      const instrument = known(order.symbol);
      if (account.mode === "paper") throw new DeniedError("paper", "paper mode sends no orders");
      if (decodeClientOrderId(order.clientOrderId) === null)
        throw new DeniedError("notOurs", `order ${order.clientOrderId.slice(0, 20)} was not placed by a bot of ours`);
      const answer = await withContext(context, () => quirks.cancel(exchange, order));
      const status = quirks.statusOf(answer);
      if (status === null || status === "open") return { outcome: "unknown", message: "the cancel was taken, the order is not closed yet" };
      return { outcome: "canceled", filledQuantity: filledOf(instrument, answer) };
    } catch (error) {
      return cancelFailure(error, context);
    }
  }

  #request(
    instrument: Instrument,
    order: Omit<PlaceOrder, "type"> | (Amendment & Pick<PlaceOrder, "clientOrderId" | "timeInForce">),
  ): OrderRequest {
    const { account, violations } = this.#options;
    const { clientOrderId, postOnly, reduceOnly, side, timeInForce } = order;
    if (account.mode === "paper") throw new DeniedError("paper", "paper mode sends no orders");
    if (violations.length > 0) throw new DeniedError("builderFee", `stopped for good: ${violations[0]}`);
    if (postOnly && timeInForce === "ioc") throw new DeniedError("invalid", "an order cannot be postOnly and ioc");
    if (timeInForce !== "ioc" && timeInForce !== "gtc")
      throw new DeniedError("invalid", `timeInForce must be gtc or ioc, not ${String(timeInForce)}`);
    const base = toQuantity(instrument, order.quantity);
    const price = toPrice(instrument, order.price);
    if (order.quantity <= 0 || order.price <= 0) throw new DeniedError("invalid", `order of ${base} at ${price} is not one`);
    const quantity = toContracts(instrument, base);
    return { symbol: instrument.ref.symbol, side, price, quantity, clientOrderId, postOnly, reduceOnly, timeInForce };
  }

  #placeFailure(error: unknown, context: RequestContext): Exclude<PlaceOutcome, { outcome: "accepted" }> {
    const message = messageOf(error);
    if (error instanceof DeniedError) return { outcome: "denied", code: error.code, message };
    if (error instanceof AnswerError) {
      this.#options.refused(message);
      const { isProof, kind } = error.reading;
      if (!isProof || this.#options.quirks.isDoubtful(error.code ?? "", message)) return { outcome: "unknown", message };
      const code = kind === "rejected" || kind === "insufficientFunds" ? (error.code ?? kind) : kind;
      return { outcome: "rejected", code, message };
    }
    // Nothing was written: a refused connection, a name that does not resolve, a signature that cannot be made.
    return context.wasWritten ? { outcome: "unknown", message } : { outcome: "denied", code: "notSent", message };
  }
}

function accepted(quirks: Quirks, instrument: Instrument, answer: CcxtOrder): PlaceOutcome {
  const status = quirks.statusOf(answer);
  if (answer.id === undefined || status === null) return { outcome: "unknown", message: "the answer names no order" };
  const filledQuantity = filledOf(instrument, answer) ?? (0 as Lots);
  return { outcome: "accepted", exchangeOrderId: answer.id, filledQuantity, closed: status !== "open" };
}

function cancelFailure(error: unknown, context: RequestContext): CancelOutcome {
  const message = messageOf(error);
  if (error instanceof DeniedError) return { outcome: "denied", code: error.code, message };
  if (error instanceof AnswerError) {
    const { kind, isProof } = error.reading;
    if (kind === "notFound") return { outcome: "notFound" };
    // The exchange took no notice of the cancel: the order is what it was.
    if (isProof) return { outcome: "denied", code: kind === "rejected" ? (error.code ?? kind) : kind, message };
    return { outcome: "unknown", message };
  }
  return context.wasWritten ? { outcome: "unknown", message } : { outcome: "denied", code: "notSent", message };
}
