// Lighter over REST: one signer for all accounts, no change of the account, and what ccxt's answers get wrong or leave out.

import { text as decimal, money } from "../../core/money.ts";
import type { CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { DeniedError } from "../outcome.ts";
import { text } from "./fields.ts";
import { epochMs } from "./lighter-answers.ts";
import type { LighterClass, LighterRest, LighterTurns } from "./lighter-ccxt.ts";
import { claimPair, loadOnce } from "./lighter-signer.ts";

/** Fees of a trade are millionths of its value. */
const FEE_TICK = 1_000_000;

/** Documented: at most eight hours. Ours are shorter, so that no clock makes one too long. */
const TOKEN_LIFE_S = 4 * 3_600;
const TOKEN_REST_S = 600;
export const TOKEN_OPTIONS = { authDeadlineExpiry: TOKEN_LIFE_S, authDeadlineMinimumRemaining: TOKEN_REST_S } as const;

/** ccxt says USDC everywhere; `collateral` is what the exchange's money really is. */
export function lighterRest(Base: LighterClass<LighterTurns>, collateral: string): LighterClass<LighterRest> {
  return class Rest extends Base implements LighterRest {
    #reading: Promise<unknown> | null = null;

    get accountIndex(): number {
      return Number(this.options.accountIndex);
    }

    async readAccount(): Promise<unknown> {
      this.#reading ??= this.publicGetAccount({ by: "index", value: this.accountIndex }).finally(() => {
        this.#reading = null;
      });
      return await this.#reading;
    }

    override async loadLighterLibrary(path: string, chainId: number, key: string, keyIndex: number, account: number): Promise<object> {
      await loadOnce(`${path}, ${String(this.options.wasmExecPath)}`, () => super.loadLighterLibrary(path, chainId, "", keyIndex, account));
      claimPair({ accountIndex: account, apiKeyIndex: keyIndex }, chainId, key);
      this.lighterCreateClient(undefined, chainId, key, keyIndex, account);
      return {};
    }

    /** ccxt puts 254 in the place of the slots below 4. */
    override handleApiKeyIndex(params: Params): readonly [number, Params] {
      return [Number(this.options.apiKeyIndex), params];
    }

    override changeApiKey(): Promise<never> {
      return Promise.reject(new DeniedError("refused", "an account's API keys are not changed by us"));
    }
    override approveBuilderFee(): Promise<never> {
      return Promise.reject(new DeniedError("builderFee", "fees for integrators are not approved by us"));
    }
    override async handleBuilderFeeApproval(): Promise<boolean> {
      return false;
    }

    override async fetchMarkets(params?: Params): Promise<readonly CcxtMarket[]> {
      const markets = await super.fetchMarkets(params);
      return markets.map((market) => named(market, collateral));
    }

    override parseOrder(raw: unknown, market?: CcxtMarket): CcxtOrder {
      const order = super.parseOrder(raw, market);
      const timestamp = epochMs(text(raw, "timestamp"));
      return timestamp === undefined ? order : { ...order, timestamp };
    }

    /** ccxt leaves the fee out of what the history tells. */
    override parseTrade(raw: unknown, market?: CcxtMarket): CcxtTrade {
      const trade = super.parseTrade(raw, market);
      const rate = text(raw, trade.takerOrMaker === "maker" ? "maker_fee" : "taker_fee") ?? "0";
      const cost = decimal(
        money(text(raw, "usd_amount") ?? "0")
          .times(money(rate))
          .div(FEE_TICK),
      );
      return { ...trade, fee: { cost, currency: collateral } };
    }
  };
}

/**
 * ccxt writes USDC as every market's quote, and a multiplier of quote amounts where the size of a contract belongs: amounts are in
 * the base currency.
 */
function named(market: CcxtMarket, collateral: string): CcxtMarket {
  const { base, settle } = market;
  const symbol = settle === undefined ? `${base}/${collateral}` : `${base}/${collateral}:${collateral}`;
  const names = { quote: collateral, ...(settle === undefined ? {} : { settle: collateral }) };
  return { ...market, ...names, symbol, ...(settle === undefined ? {} : { contractSize: "1" }) };
}
