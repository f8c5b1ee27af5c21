// Funding in Paradex's terms: the rates that were paid, the index that adds them up, and an account's payments.

import { money, text, ZERO } from "../../core/money.ts";
import type { FundingPaid } from "../exchange-facts.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { ParadexAccount } from "./accounts.ts";

export interface FundingPoint {
  readonly rate: string;
  /** Quote currency paid so far on one unit of the base currency. */
  readonly index: string;
  /** Epoch ms. */
  readonly at: number;
}

/** Every settlement that the market remembers, oldest first. */
export function fundingPoints({ listing, settled }: ListedMarket): FundingPoint[] {
  let sum = ZERO;
  return settled.map(({ rate, mark, at }) => {
    sum = sum.plus(money(rate).times(mark).times(money(listing.instrument.tickSize)));
    return { rate, index: text(sum), at };
  });
}

/** A payment of `/funding/payments` and its stream; what was received is positive. */
export function paymentView(owner: ParadexAccount, payment: FundingPaid): object {
  return {
    account: owner.address,
    created_at: payment.at,
    fill_id: "",
    id: String(payment.id),
    index: payment.rate,
    market: payment.symbol,
    payment: payment.amount,
  };
}
