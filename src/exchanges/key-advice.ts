// How to make the least powerful key that each exchange offers, for people who add an account or mend one.

import type { Text } from "../core/text.ts";

const ADVICE: Readonly<Record<string, Text>> = {
  backpack: {
    en: "Settings > API keys: make a key for one sub-account, allow trading only, and bind it to this machine's address. The exchange does not tell a program what a key may do, so look there",
    "zh-TW": "設定 > API 金鑰：為單一子帳戶建立金鑰、只允許交易，並綁定本機位址。交易所不會告訴程式金鑰的權限，請在該處確認",
  },
  aster: {
    en: "API wallets (agents): approve one with perp and spot trading, without withdrawal, and with an IP whitelist; give its private key here, never the main wallet's",
    "zh-TW": "API 錢包（代理）：核准一個允許現貨與永續交易、不可提領且設有 IP 白名單的代理；此處填入代理的私鑰，切勿使用主錢包的私鑰",
  },
  paradex: {
    en: "Key management: register a subkey, which can trade but never withdraw, and list the addresses it may be used from; give the subkey's private key here",
    "zh-TW": "金鑰管理：註冊只能交易、不能提領的子金鑰，並列出可使用的位址；此處填入子金鑰的私鑰",
  },
  lighter: {
    en: "Tools > API keys: make a key in a slot of its own (4 to 254); it trades and cannot withdraw to another address. One key is one writer: use a slot for each instance of Botswain",
    "zh-TW":
      "Tools > API keys：在獨立的欄位（4 到 254）建立金鑰；它可交易，但不能提領到其他地址。每把金鑰只能有一個寫入者：每個 Botswain 執行個體各用一個欄位",
  },
  hyperliquid: {
    en: "More > API: authorize an API wallet (agent), which can trade but not withdraw; give its private key here with the main wallet's address",
    "zh-TW": "More > API：授權一個 API 錢包（代理），可交易但不能提領；此處填入其私鑰與主錢包地址",
  },
  binance: {
    en: "API management: enable reading and futures or spot trading only, leave withdrawals off, restrict access to trusted addresses; an Ed25519 or RSA key is safer than HMAC",
    "zh-TW": "API 管理：只啟用讀取與合約或現貨交易，關閉提領，並限制為信任的位址；Ed25519 或 RSA 金鑰比 HMAC 安全",
  },
  bybit: {
    en: "API management: a system-generated key of a sub-account with contract orders and positions (and spot trading), no withdrawal, bound to this machine's address (an unbound key also ends after 3 months)",
    "zh-TW": "API 管理：為子帳戶建立具合約委託與持倉（及現貨交易）、無提領權限的金鑰，並綁定本機位址（未綁定的金鑰 3 個月後失效）",
  },
  okx: {
    en: "API: a key of a sub-account with read and trade, no withdraw, bound to this machine's address (an unbound key that can trade ends after 14 idle days)",
    "zh-TW": "API：為子帳戶建立具讀取與交易、無提領權限的金鑰，並綁定本機位址（未綁定的交易金鑰閒置 14 天後失效）",
  },
  apex: {
    en: "Key management: make an API key for Omni with its own seeds; orders need those seeds, withdrawals need the wallet, which is never given here",
    "zh-TW": "Key management：建立 Omni 的 API 金鑰與其 seeds；委託需要 seeds，提領需要錢包，切勿在此填入錢包私鑰",
  },
  standx: {
    en: "standx.com/user/session: make an API token with Trading on and Withdraw off, the shortest life that suits you, and a signing key that never leaves your machines",
    "zh-TW": "standx.com/user/session：建立開啟 Trading、關閉 Withdraw、效期最短的 API 權杖，簽章金鑰只保存在自己的機器上",
  },
};

const GENERAL: Text = {
  en: "Make a key of its own for Botswain that can read and trade, cannot withdraw, and works from this machine's address only",
  "zh-TW": "請為 Botswain 建立專用金鑰：可讀取與交易、不可提領，且僅能從本機位址使用",
};

/** What to make, and where, at this exchange. */
export function keyAdviceOf(exchange: string): Text {
  const name = exchange === "lighterrobinhood" ? "lighter" : exchange;
  return Object.hasOwn(ADVICE, name) ? (ADVICE[name] ?? GENERAL) : GENERAL;
}
