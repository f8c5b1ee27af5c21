// The proxy of an account: what an address of one must look like, and what of it may be shown.

import { type Text, UserError } from "../core/text.ts";

const PROTOCOLS = ["http:", "https:", "socks5:"];
const RIGHT: Text = {
  en: "http://, https:// or socks5:// with a host, a port and, where it asks for them, USER:PASSWORD@",
  "zh-TW": "http://、https:// 或 socks5:// 加主機與埠號，需要驗證時加上 使用者:密碼@",
};

/** Throws a UserError that does not show the address, since it may hold a password. */
export function checkProxy(account: string, value: string): void {
  if (isProxy(value)) return;
  throw new UserError({
    en: `Account ${account}: proxy (value not shown) should be ${RIGHT.en}.`,
    "zh-TW": `帳戶 ${account}：proxy（不顯示內容）應為${RIGHT["zh-TW"]}。`,
  });
}

function isProxy(value: string): boolean {
  if (/\s/.test(value) || !URL.canParse(value)) return false;
  const { protocol, hostname, port, pathname, search, hash } = new URL(value);
  const hasPort = port !== "" || /:(80|443)\/?$/.test(value);
  return PROTOCOLS.includes(protocol) && hostname !== "" && hasPort && /^\/?$/.test(pathname) && search === "" && hash === "";
}

/** `socks5://host:1080`, without user and password. */
export function proxyHostOf(value: string): string {
  const { protocol, host } = new URL(value);
  return `${protocol}//${host}`;
}
