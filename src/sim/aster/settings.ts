// What an account chose beside its leverage: the margin type of each instrument and the position mode. Chosen again after a restart.

export class AccountSettings {
  /** `account symbol` of every isolated one. */
  readonly #isolated = new Set<string>();
  readonly #hedged = new Set<string>();

  isIsolated(account: string, symbol: string): boolean {
    return this.#isolated.has(`${account} ${symbol}`);
  }

  setIsolated(account: string, symbol: string, isIsolated: boolean): void {
    if (isIsolated) this.#isolated.add(`${account} ${symbol}`);
    else this.#isolated.delete(`${account} ${symbol}`);
  }

  /** True when long and short positions are held apart. The exchange then takes no orders: it keeps one position per instrument. */
  isHedged(account: string): boolean {
    return this.#hedged.has(account);
  }

  setHedged(account: string, isHedged: boolean): void {
    if (isHedged) this.#hedged.add(account);
    else this.#hedged.delete(account);
  }
}
