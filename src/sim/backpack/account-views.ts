// One account's orders, fills, balances and positions in the shapes of Backpack's REST answers.

import { money, rounded, text, ZERO } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import {
  balanceOf,
  entryPrice,
  equityOf,
  initialMarginOf,
  lockedOf,
  type SimAccount,
  type SimPosition,
  unrealizedPnl,
} from "../accounts.ts";
import type { ExchangeOrder, FundingPaid, OrderFilled, OrderRequest } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import { type Listing, notionalOf } from "../listings.ts";
import { liquidationPriceOf } from "../margin.ts";
import { intervalEnd, naiveTime, plainPrice, plainQuantity, sideText } from "./values.ts";

const SELF_TRADE = { rejectTaker: "RejectTaker", rejectMaker: "RejectMaker", rejectBoth: "RejectBoth" } as const;
/** Backpack numbers its users; the simulated ones are all alike. */
const USER_ID = 1;
/** Of estimated prices. */
const PRICE_DECIMALS = 8;

export function selfTradeText(request: OrderRequest): string {
  return SELF_TRADE[request.selfTrade];
}

function orderFields(listing: Listing, order: ExchangeOrder): object {
  const { request } = order;
  return {
    clientId: request.clientId,
    executedQuantity: plainQuantity(listing, order.executed),
    executedQuoteQuantity: order.executedQuote,
    id: String(order.id),
    orderType: request.price === null ? "Market" : "Limit",
    ...(request.price === null ? {} : { postOnly: request.postOnly, price: plainPrice(listing, request.price) }),
    quantity: plainQuantity(listing, request.quantity),
    quoteQuantity: request.quoteQuantity,
    reduceOnly: request.reduceOnly,
    relatedOrderId: null,
    selfTradePrevention: selfTradeText(request),
    side: sideText(request.side),
    status: order.state,
    stopLossLimitPrice: null,
    stopLossTriggerBy: null,
    stopLossTriggerPrice: null,
    strategyId: null,
    symbol: listing.id,
    takeProfitLimitPrice: null,
    takeProfitTriggerBy: null,
    takeProfitTriggerPrice: null,
    timeInForce: request.timeInForce.toUpperCase(),
    triggerBy: null,
    triggerPrice: null,
    triggerQuantity: null,
  };
}

/** What Backpack calls the orders of its own. */
function systemOrderType({ origin }: { readonly origin?: "liquidation" }): string | null {
  return origin === "liquidation" ? "LiquidatePositionOnBook" : null;
}

export function orderView(listing: Listing, order: ExchangeOrder): object {
  return { ...orderFields(listing, order), createdAt: order.createdAt, triggeredAt: null };
}

/** An order in the history: the time is written, the reason of an expiry is told. */
export function orderHistoryView(listing: Listing, order: ExchangeOrder): object {
  return {
    ...orderFields(listing, order),
    createdAt: naiveTime(order.createdAt),
    expiryReason: order.expiryReason,
    systemOrderType: systemOrderType(order.request),
  };
}

export function fillView(listing: Listing, fill: OrderFilled): object {
  return {
    clientId: fill.clientId === null ? null : String(fill.clientId),
    fee: fill.fee,
    feeSymbol: fill.feeSymbol,
    isMaker: fill.isMaker,
    orderId: String(fill.orderId),
    price: plainPrice(listing, fill.price),
    quantity: plainQuantity(listing, fill.quantity),
    side: sideText(fill.side),
    symbol: fill.symbol,
    systemOrderType: systemOrderType(fill),
    timestamp: naiveTime(fill.at),
    tradeId: fill.tradeId,
  };
}

/** A funding payment; there is one per instrument and interval, named by the interval's end. */
export function fundingView(payment: FundingPaid): object {
  return {
    fundingRate: payment.rate,
    intervalEndTimestamp: intervalEnd(payment.at),
    quantity: payment.amount,
    subaccountId: 0,
    symbol: payment.symbol,
    userId: USER_ID,
  };
}

/** `available` is what open spot orders leave; `locked` is what they hold. */
export function capitalView(state: ExchangeState, account: SimAccount): object {
  const views = [...account.balances.keys()].map((asset) => {
    const locked = lockedOf(account, state.listings, asset);
    return [asset, { available: text(balanceOf(account, asset).minus(locked)), locked: text(locked), staked: "0" }];
  });
  return Object.fromEntries(views);
}

/** The numbers of a position that REST and stream share, as exact decimals. */
export function positionNumbers(listing: Listing, position: SimPosition, mark: Ticks) {
  const size = Math.abs(position.quantity) as Lots;
  const entry = entryPrice(listing, position) ?? ZERO;
  return {
    entryPrice: text(entry),
    markPrice: plainPrice(listing, mark),
    netQuantity: plainQuantity(listing, position.quantity),
    exposureQuantity: plainQuantity(listing, size),
    exposureNotional: text(notionalOf(listing, mark, size)),
    netCost: text(position.quantity < 0 ? position.cost.times(-1) : position.cost),
    pnlRealized: text(position.realizedPnl),
    pnlUnrealized: text(unrealizedPnl(listing, position, mark)),
  };
}

/** Open positions only, as Backpack answers. */
export function positionViews(state: ExchangeState, account: SimAccount): object[] {
  return [...account.positions].flatMap(([symbol, position]) => {
    const { listing, price } = state.market(symbol);
    if (position.quantity === 0) return [];
    const numbers = positionNumbers(listing, position, price);
    const markOf = (other: string): Ticks => state.market(other).price;
    const liquidation = liquidationPriceOf(account, state.listings, markOf, symbol);
    const paid = account.funding.reduce((sum, payment) => (payment.symbol === symbol ? sum.plus(payment.amount) : sum), ZERO);
    return [
      {
        breakEvenPrice: numbers.entryPrice,
        cumulativeFundingPayment: text(paid),
        cumulativeInterest: "0",
        entryPrice: numbers.entryPrice,
        estLiquidationPrice: liquidation === null ? "0" : rounded(liquidation, PRICE_DECIMALS),
        imf: listing.initialMargin,
        imfFunction: { base: listing.initialMargin, factor: "0", type: "sqrt" },
        markPrice: numbers.markPrice,
        mmf: listing.maintenanceMargin,
        mmfFunction: { base: listing.maintenanceMargin, factor: "0", type: "sqrt" },
        netCost: numbers.netCost,
        netExposureNotional: numbers.exposureNotional,
        netExposureQuantity: numbers.exposureQuantity,
        netQuantity: numbers.netQuantity,
        pnlRealized: numbers.pnlRealized,
        pnlUnrealized: numbers.pnlUnrealized,
        positionId: positionId(state, symbol),
        subaccountId: null,
        symbol,
        userId: USER_ID,
      },
    ];
  });
}

/** One stable id per instrument. */
export function positionId(state: ExchangeState, symbol: string): string {
  return String(1 + [...state.listings.keys()].indexOf(symbol));
}

/** Fees in basis points, as Backpack tells them. */
export function accountView(state: ExchangeState, account: SimAccount): object {
  const feesOf = (kind: "spot" | "perp") => {
    const instrument = [...state.listings.values()].find((listing) => listing.instrument.kind === kind)?.instrument;
    const bps = (fee: string | undefined): string => text(money(fee ?? "0").times(10_000));
    return { maker: bps(instrument?.makerFee), taker: bps(instrument?.takerFee) };
  };
  return {
    autoBorrowSettlements: false,
    autoLend: false,
    autoRealizePnl: true,
    autoRepayBorrows: false,
    borrowLimit: "0",
    futuresMakerFee: feesOf("perp").maker,
    futuresTakerFee: feesOf("perp").taker,
    leverageLimit: "50",
    limitOrders: account.open.size,
    liquidating: false,
    positionLimit: "1000000000",
    spotMakerFee: feesOf("spot").maker,
    spotTakerFee: feesOf("spot").taker,
    triggerOrders: 0,
  };
}

/** Margin in the settlement currency. */
export function collateralView(state: ExchangeState, account: SimAccount): object {
  const currency = "USDC";
  const markOf = (symbol: string): Ticks => state.market(symbol).price;
  const equity = equityOf(account, state.listings, markOf, currency);
  const margin = initialMarginOf(account, state.listings, markOf, null);
  const balance = balanceOf(account, currency);
  const locked = lockedOf(account, state.listings, currency);
  return {
    assetsValue: text(balance),
    borrowLiability: "0",
    collateral: [
      {
        assetMarkPrice: "1",
        availableQuantity: text(balance.minus(locked)),
        balanceNotional: text(balance),
        collateralValue: text(balance),
        collateralWeight: "1",
        lendQuantity: "0",
        openOrderQuantity: text(locked),
        symbol: currency,
        totalQuantity: text(balance),
      },
    ],
    imf: "0.02",
    liabilitiesValue: "0",
    marginFraction: null,
    mmf: "0.0125",
    netEquity: text(equity),
    netEquityAvailable: text(equity.minus(margin)),
    netEquityLocked: text(margin),
    netExposureFutures: text(margin.times(50)),
    pnlUnrealized: text(equity.minus(balance)),
    unsettledEquity: "0",
  };
}
