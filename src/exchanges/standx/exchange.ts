// StandX in ccxt's shape: its public interface (docs.standx.com) on ccxt's base class, so that every guard of ours holds for it.

import type { KeyObject } from "node:crypto";
import type { CcxtBook, CcxtClass, CcxtTrade, Params } from "../ccxt-loader.ts";
import { text } from "../quirks/fields.ts";
import { standxAccount } from "./account-class.ts";
import { RESOLUTIONS, readBook, readCandles, readFundingRate, readMarkets, readTicker, readTime, readTrades } from "./public-reads.ts";
import type { CcxtBaseClass } from "./shape.ts";
import { signatureHeaders, signingKey } from "./signature.ts";

const HAS = ["fetchMarkets", "fetchOrderBook", "fetchTrades", "fetchTicker", "fetchFundingRate", "fetchOHLCV", "fetchTime"];
const HAS_TOO = ["setLeverage", "setMarginMode", "watchTrades", "ws"];
/** ccxt's number for steps that are written out, such as 0.01. */
const TICK_SIZE = 4;

export function standxClass(Base: CcxtBaseClass): CcxtClass {
  return standxAccount(standxPublic(standxSigned(Base))) as unknown as CcxtClass;
}

function standxSigned(Base: CcxtBaseClass): CcxtBaseClass {
  return class StandxSigned extends Base {
    #key: KeyObject | null = null;

    override describe(): Params {
      return this.deepExtend(super.describe(), {
        ...{ id: "standx", name: "StandX", pro: true, rateLimit: 500, precisionMode: TICK_SIZE },
        has: Object.fromEntries([...HAS, ...HAS_TOO].map((name) => [name, true])),
        timeframes: RESOLUTIONS,
        urls: { api: { rest: "https://perps.standx.com", ws: "wss://perps.standx.com/ws-stream/v1" } },
        requiredCredentials: { apiKey: false, secret: false },
      });
    }

    /** The body is signed as it is sent, byte for byte; reads carry the token alone. */
    override sign(path: string, api: unknown, method: string, params: Params): unknown {
      const url = `${text(this.urls.api, "rest") ?? ""}/api/${path}`;
      const token = { authorization: `Bearer ${this.token}` };
      if (method === "GET") {
        const query = new URLSearchParams(Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])));
        return { url: query.size === 0 ? url : `${url}?${query}`, method, body: undefined, headers: api === "public" ? {} : token };
      }
      const body = this.json(params);
      const session = text(this.options, "sessionId");
      const headers = {
        ...{ "content-type": "application/json", ...token },
        ...(session === null ? {} : { "x-session-id": session }),
        ...signatureHeaders(this.signer(), body, this.milliseconds()),
      };
      return { url, method, body, headers };
    }

    private signer(): KeyObject {
      this.#key ??= signingKey(this.privateKey);
      return this.#key;
    }
  };
}

function standxPublic(Base: CcxtBaseClass): CcxtBaseClass {
  return class StandxPublic extends Base {
    fetchMarkets(): Promise<readonly Params[]> {
      return readMarkets(this);
    }

    override fetchTime(): Promise<number | undefined> {
      return readTime(this);
    }

    override fetchOrderBook(symbol: string): Promise<CcxtBook> {
      return readBook(this, symbol);
    }

    override fetchTrades(symbol: string): Promise<readonly CcxtTrade[]> {
      return readTrades(this, symbol);
    }

    override fetchTicker(symbol: string): Promise<Params> {
      return readTicker(this, symbol);
    }

    override fetchFundingRate(symbol: string): Promise<Params> {
      return readFundingRate(this, symbol);
    }

    override fetchOHLCV(symbol: string, timeframe: string, since?: number, limit?: number): Promise<readonly number[][]> {
      return readCandles(this, { symbol, timeframe, since, limit });
    }
  };
}
