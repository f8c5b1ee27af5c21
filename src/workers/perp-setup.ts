// Has the exchanges hold a bot's perpetuals as its configuration says, before anything is opened there.

import type { BotConfig } from "../core/bot-config.ts";
import { type Instrument, type InstrumentRef, refKey } from "../core/instrument.ts";
import type { ExchangePort, PerpSettings } from "../core/ports.ts";
import { join, type Text, UserError } from "../core/text.ts";
import { wantsOpenings } from "./directive-feed.ts";
import type { Legs } from "./order-desk.ts";
import { pause } from "./pause.ts";
import type { Directive } from "./protocol.ts";
import { isRefusal } from "./refusal.ts";

/** An exchange that refused is asked again this often while the bot holds a position. */
export const PERP_EVERY_MS = 60_000;
const PAUSE_FIRST_MS = 500;
/** Short enough for a stop that comes meanwhile. */
const PAUSE_MAX_MS = 2_000;

export interface PerpSetupOptions {
  readonly legs: Legs;
  readonly config: Pick<BotConfig, "id" | "mode" | "perp">;
  readonly signal: AbortSignal;
  /** A bot that may not open anything asks nothing of the exchange. */
  readonly directive: () => Directive;
  readonly isLeaving: () => boolean;
  /** A bot with a position or orders goes on closing; one without is better ended with the reason. */
  readonly isFlat: () => boolean;
  /** After `again`: the bot may open from now on. */
  readonly onReady: () => void;
  /** An exchange refused, in other words than before. */
  readonly onTrouble: (why: Text) => void;
  readonly onError: (message: string) => void;
}

export interface PerpSetup {
  /** Why nothing is opened, once an exchange has refused. */
  readonly trouble: Text | null;
  /** What the operator wants, paused while a perpetual is not held as the configuration says. */
  allowed(): Directive;
  /** How the exchange holds an instrument, as far as it has told. */
  settingsOf(ref: InstrumentRef): PerpSettings;
  /**
   * For a bot that starts: sets what differs and looks whether it is so, until an exchange has answered or nothing is to be opened
   * any more. Throws a UserError with the refusal when the bot is flat; else the refusal becomes `trouble`.
   */
  prepare(): Promise<void>;
  /** The same in the background, for a bot that first rested, or that was refused while it held a position. Never throws. */
  again(): void;
}

export function createPerpSetup(options: PerpSetupOptions): PerpSetup {
  return new Setup(options);
}

class Setup implements PerpSetup {
  readonly #options: PerpSetupOptions;
  readonly #perps: Legs[string][];
  readonly #known = new Map<string, PerpSettings>();
  #isReady: boolean;
  #isBusy = false;
  #trouble: Text | null = null;

  constructor(options: PerpSetupOptions) {
    this.#options = options;
    this.#perps = Object.values(options.legs).filter(({ instrument }) => instrument.kind === "perp");
    // Nothing of a paper account may be changed: its orders never reach the exchange.
    this.#isReady = this.#perps.length === 0 || options.config.mode === "paper";
  }

  get trouble(): Text | null {
    return this.#trouble;
  }

  allowed(): Directive {
    const directive = this.#options.directive();
    return wantsOpenings(directive) && !this.#isReady ? { ...directive, desired: "paused" } : directive;
  }

  settingsOf(ref: InstrumentRef): PerpSettings {
    return this.#known.get(refKey(ref)) ?? {};
  }

  async prepare(): Promise<void> {
    const refused = await this.#settle();
    if (refused !== null && this.#options.isFlat()) throw new UserError(refused);
    this.#tell(refused);
  }

  again(): void {
    if (this.#isBusy || !this.#isWanted()) return;
    this.#isBusy = true;
    this.#settle()
      .then((refused) => {
        this.#tell(refused);
        if (this.#isReady) this.#options.onReady();
      })
      // The process is ending.
      .catch((error: unknown) => this.#options.onError(`the settings of the perpetuals were not looked at: ${String(error)}`))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  #isWanted(): boolean {
    return !this.#isReady && !this.#options.isLeaving() && wantsOpenings(this.#options.directive());
  }

  #tell(refused: Text | null): void {
    const isNews = refused !== null && refused.en !== this.#trouble?.en;
    this.#trouble = refused;
    if (isNews) this.#options.onTrouble(refused);
  }

  /** Asks until an exchange has answered: null when all is set (or nothing is wanted any more), else why not. Throws when aborted. */
  async #settle(): Promise<Text | null> {
    const { signal, onError } = this.#options;
    for (let attempt = 0; this.#isWanted(); attempt += 1) {
      signal.throwIfAborted();
      try {
        const refused = await this.#attempt();
        this.#isReady = refused === null;
        return refused;
      } catch (error) {
        onError(`the settings of the perpetuals are not known yet: ${error instanceof Error ? error.message : String(error)}`);
      }
      await pause(Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** attempt), signal);
    }
    return null;
  }

  /** Null when all is set, else why not. Throws when an exchange did not answer. */
  async #attempt(): Promise<Text | null> {
    for (const port of new Set(this.#perps.map((leg) => leg.port))) {
      const mode = await this.#told(port.positionMode?.());
      if (mode === "hedge") return hedgeMode(this.#options.config.id, port);
    }
    for (const { instrument, port } of this.#perps) {
      const refused = await this.#hold(instrument, port);
      if (refused !== null) return refused;
    }
    return null;
  }

  async #hold(instrument: Instrument, port: ExchangePort): Promise<Text | null> {
    const { config } = this.#options;
    const { symbol } = instrument.ref;
    const wish = wishOf(config.perp);
    const now = await this.#read(instrument, port);
    if (isHeldSo(now, wish)) return null;
    const tooHigh = leverageAbove(instrument, wish);
    if (tooHigh !== null) return refusedText(config.id, instrument, wish, tooHigh);
    if (port.setPerp === undefined) return refusedText(config.id, instrument, wish, CANNOT_SET);
    try {
      await port.setPerp(symbol, wish);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const words = error instanceof Error ? error.message : String(error);
      return refusedText(config.id, instrument, wish, { en: words, "zh-TW": words });
    }
    const then = await this.#read(instrument, port);
    if (then === null) this.#known.set(refKey(instrument.ref), wish);
    return then === null || isHeldSo(then, wish, true) ? null : refusedText(config.id, instrument, wish, stillHeld(then));
  }

  async #read(instrument: Instrument, port: ExchangePort): Promise<PerpSettings | null> {
    const told = await this.#told(port.perpSettings?.(instrument.ref.symbol));
    if (told !== null) this.#known.set(refKey(instrument.ref), told);
    return told;
  }

  /** Null where the exchange does not tell; a refused question is no answer either. */
  async #told<T>(answer: Promise<T | null> | undefined): Promise<T | null> {
    try {
      return (await answer) ?? null;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#options.onError(`the exchange does not tell how perpetuals are held: ${String(error)}`);
      return null;
    }
  }
}

function wishOf(perp: BotConfig["perp"]): PerpSettings {
  const { leverage, marginMode } = perp ?? {};
  return { ...(leverage === undefined ? {} : { leverage }), ...(marginMode === undefined ? {} : { marginMode }) };
}

/** What the exchange does not tell counts as different, unless it was just set. */
function isHeldSo(now: PerpSettings | null, wish: PerpSettings, wasSet = false): boolean {
  const isSo = <T>(is: T | undefined, wanted: T | undefined): boolean =>
    wanted === undefined || is === wanted || (is === undefined && wasSet);
  return isSo(now?.leverage, wish.leverage) && isSo(now?.marginMode, wish.marginMode);
}

function leverageAbove({ maxLeverage }: Instrument, { leverage }: PerpSettings): Text | null {
  if (leverage === undefined || maxLeverage === undefined || leverage <= maxLeverage) return null;
  return { en: `the instrument's largest leverage is ${maxLeverage}`, "zh-TW": `此商品的最大槓桿是 ${maxLeverage}` };
}

const CANNOT_SET: Text = {
  en: "that is chosen at the exchange itself; choose it there and take perp out of the configuration",
  "zh-TW": "必須在交易所設定；請在交易所設定後從設定檔移除 perp",
};

function shown({ leverage, marginMode }: PerpSettings): Text {
  const mode: Text | null = marginMode === undefined ? null : { en: marginMode, "zh-TW": marginMode === "isolated" ? "逐倉" : "全倉" };
  const times: Text | null = leverage === undefined ? null : { en: `${leverage}x`, "zh-TW": `${leverage} 倍` };
  return join([times ?? [], mode ?? []].flat(), " ");
}

function stillHeld(now: PerpSettings): Text {
  return { en: `the exchange still says ${shown(now).en}`, "zh-TW": `交易所仍顯示 ${shown(now)["zh-TW"]}` };
}

function refusedText(id: string, { ref }: Instrument, wish: PerpSettings, why: Text): Text {
  return {
    en: `${id} opens nothing: ${refKey(ref)} could not be set to ${shown(wish).en}: ${why.en}`,
    "zh-TW": `${id} 不會開倉：無法將 ${refKey(ref)} 設為 ${shown(wish)["zh-TW"]}：${why["zh-TW"]}`,
  };
}

function hedgeMode(id: string, { name, account }: ExchangePort): Text {
  return {
    en: `${id} opens nothing: account ${name}:${account} is in hedge mode; switch it to one-way mode at the exchange, bots hold one position per perpetual`,
    "zh-TW": `${id} 不會開倉：帳戶 ${name}:${account} 是雙向持倉模式；請在交易所改為單向持倉，機器人的每個永續合約只持有一個部位`,
  };
}
