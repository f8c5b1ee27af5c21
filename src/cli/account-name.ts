// What an account is called, and the name that belongs to the simulated exchange.

import { type Text, UserError } from "../core/text.ts";

/** The account of the simulated exchange, at every exchange that it plays. */
export const SIM_ACCOUNT = "sim";

const EXCHANGE = /^[a-z0-9]{2,30}$/;
const NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** Throws a UserError for what cannot be an account's exchange or name. */
export function checkAccountName(exchange: string, name: string): void {
  if (!EXCHANGE.test(exchange))
    throw fault({
      en: `"${exchange.slice(0, 40)}" is no exchange's name; write it as ccxt does, e.g. backpack or binance.`,
      "zh-TW": `「${exchange.slice(0, 40)}」不是交易所名稱；請用 ccxt 的寫法，例如 backpack 或 binance。`,
    });
  if (!NAME.test(name))
    throw fault({
      en: `"${name.slice(0, 40)}" cannot be an account's name: start with a letter and use at most 32 of a-z, 0-9, _ and -.`,
      "zh-TW": `「${name.slice(0, 40)}」不能作為帳戶名稱：請以小寫字母開頭，最多 32 個字元，只能含 a-z、0-9、_ 與 -。`,
    });
  if (name === SIM_ACCOUNT)
    throw fault({
      en: `The name ${SIM_ACCOUNT} belongs to the simulated exchange; choose another, e.g. main.`,
      "zh-TW": `名稱 ${SIM_ACCOUNT} 保留給模擬交易所；請改用其他名稱，例如 main。`,
    });
}

function fault(text: Text): UserError {
  return new UserError(text);
}
