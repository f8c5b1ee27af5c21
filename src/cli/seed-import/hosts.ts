// Judges the addresses of an old file: none of them is ever used, and one outside of the exchange's own list must be confirmed.

import type { Text } from "../../core/text.ts";
import { quirksOf } from "../../exchanges/quirks.ts";
import type { SeedBook } from "./book.ts";
import type { Leaf } from "./leaves.ts";

interface Hosts {
  readonly live: readonly string[];
  readonly testnet: readonly string[];
}

/** Hosts that the old clients used, for exchanges whose own list is not written down yet. */
const OLD_CLIENTS: Readonly<Record<string, Hosts>> = {
  lighter: { live: ["mainnet.zklighter.elliot.ai", "api.rh.lighter.xyz"], testnet: ["testnet.zklighter.elliot.ai"] },
  apex: { live: ["omni.apex.exchange", "quote.omni.apex.exchange"], testnet: ["testnet.omni.apex.exchange"] },
  standx: { live: ["perps.standx.com"], testnet: [] },
  hyperliquid: { live: ["api.hyperliquid.xyz"], testnet: ["api.hyperliquid-testnet.xyz"] },
};

function hostsOf(exchange: string): Hosts {
  const { hosts, testnetHosts } = quirksOf(exchange);
  const old = OLD_CLIENTS[exchange];
  return { live: [...hosts, ...(old?.live ?? [])], testnet: [...testnetHosts, ...(old?.testnet ?? [])] };
}

/** True for the name of a key or variable that holds an address. */
export function isAddressName(name: string): boolean {
  return /(?:^|_)(?:base|api|ws|rest|websocket)_?(?:url|host|endpoint)$|_url$|^url$/i.test(name);
}

/** Judges one address: the exchange's own are ignored, its testnet's refused for live, any other refused unless accepted. */
export function judgeAddress(book: SeedBook, leaf: Leaf, exchange: string | null): void {
  if (typeof leaf.value !== "string") return book.refuse(leaf, NO_ADDRESS);
  const address = resolvedAddress(book, leaf.value);
  if (address === null) return book.ignore(leaf, NOT_SET);
  const url = URL.canParse(address) ? new URL(address) : null;
  const isAddress = url !== null && /^(https?|wss?):$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isAddress) return book.refuse(leaf, NO_ADDRESS);
  if (exchange === null) return book.ignore(leaf, OWN_ADDRESSES);
  const { live, testnet } = hostsOf(exchange);
  const { hostname } = url;
  if (live.includes(hostname)) return book.ignore(leaf, OWN_ADDRESSES);
  if (testnet.includes(hostname)) {
    const isLive = book.at("mode") === "live";
    return isLive ? book.refuse(leaf, TESTNET_LIVE) : book.ignore(leaf, TESTNET);
  }
  if (book.options.acceptHosts.includes(hostname)) return book.ignore(leaf, accepted(hostname));
  book.refuse(leaf, foreign(exchange, hostname, live));
}

/** The address with its variables; null when one is not set, so that nobody can know it. */
function resolvedAddress(book: SeedBook, value: string): string | null {
  let isKnown = true;
  const address = value.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_all, name: string, fallback: string | undefined) => {
    const set = book.options.lookUp(name);
    // Other programs set a BASE_URL as well, for paths of their own: only an address stands against the file's.
    const given = fallback === undefined || set?.includes("://") === true ? set : fallback;
    if (given === undefined) isKnown = false;
    return given ?? "";
  });
  return isKnown ? address : null;
}

const NO_ADDRESS: Text = {
  en: "must be an http(s) address without a user name in it",
  "zh-TW": "必須是 http(s) 網址，且不含使用者名稱",
};
const NOT_SET: Text = {
  en: "names a variable that is not set; no address of a file is used, only the exchange's own",
  "zh-TW": "所指的變數未設定；檔案中的位址一律不使用，只連線到交易所自己的位址",
};
export const OWN_ADDRESSES: Text = {
  en: "the exchange's own addresses are built in",
  "zh-TW": "交易所自己的位址已內建",
};
const TESTNET: Text = {
  en: "is the exchange's testnet: --mode testnet trades there; the address itself is built in",
  "zh-TW": "是交易所的測試網：以 --mode testnet 在該處交易；位址已內建",
};
const TESTNET_LIVE: Text = {
  en: "is the exchange's testnet, but --mode live trades real money; choose --mode testnet, or take the address out",
  "zh-TW": "是交易所的測試網，但 --mode live 會以真實資金交易；請改用 --mode testnet，或移除此位址",
};

function accepted(hostname: string): Text {
  return {
    en: `confirmed with --accept-host ${hostname}, and only noted: no mode ever talks to a host outside of the exchange's own list`,
    "zh-TW": `已用 --accept-host ${hostname} 確認，僅作記錄：任何模式都不會連線到交易所清單以外的主機`,
  };
}

function foreign(exchange: string, hostname: string, hosts: readonly string[]): Text {
  const known = hosts.join(", ");
  return {
    en: `must be a host of ${exchange} (${known}), but is ${hostname}, which gets every key that is sent to it; if you know it, --accept-host ${hostname} imports the bot without the address`,
    "zh-TW": `必須是 ${exchange} 的主機（${known}），但這是 ${hostname}，它會收到所有送出的金鑰；若確認無誤，加上 --accept-host ${hostname} 可匯入機器人但不使用此位址`,
  };
}
