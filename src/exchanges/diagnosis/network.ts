// Whether the hosts of an exchange can be reached from here: their names, then a connection with encryption.

import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { plain, type Text } from "../../core/text.ts";
import { type Finding, finding, within, wordsOf } from "./finding.ts";

const NAME_MS = 5_000;
const CONNECT_MS = 6_000;

const NO_NAME: Text = {
  en: "Check this machine's internet connection and name server (getent hosts NAME); behind a proxy set the account's proxy or HTTPS_PROXY",
  "zh-TW": "請檢查本機的網路連線與 DNS 伺服器（getent hosts 名稱）；若在代理伺服器之後，請設定帳戶的 proxy 或 HTTPS_PROXY",
};
const NO_CONNECTION: Text = {
  en: "Check the firewall and whether the exchange is open to your country; behind a proxy set the account's proxy or HTTPS_PROXY",
  "zh-TW": "請檢查防火牆，以及該交易所是否開放您所在的國家；若在代理伺服器之後，請設定帳戶的 proxy 或 HTTPS_PROXY",
};
const NO_PROXY_ANSWER: Text = {
  en: "Check that the proxy runs and that its address, user and password are right (account add … --replace)",
  "zh-TW": "請確認代理伺服器正在執行，且位址、使用者與密碼正確（account add … --replace）",
};

/** What is connected to: the exchange itself, or the proxy in between. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/** `https://api.example.com` as a place; ws and wss likewise. */
export function placeOf(url: string): Place {
  const { hostname, port, protocol } = new URL(url);
  const isEncrypted = protocol === "https:" || protocol === "wss:";
  const host = hostname.replace(/^\[|\]$/g, "");
  return { host, isEncrypted, port: port === "" ? (isEncrypted ? 443 : protocol.startsWith("socks") ? 1080 : 80) : Number(port) };
}

/** Names and connections of every place; behind a proxy only the proxy is asked, as the exchange's names are resolved there. */
export async function checkNetwork(places: readonly Place[], proxy: URL | null): Promise<readonly Finding[]> {
  if (proxy !== null) return [...(await checkPlace(placeOf(proxy.href), NO_PROXY_ANSWER, "proxy"))];
  return (await Promise.all(places.map((place) => checkPlace(place, NO_CONNECTION, place.host)))).flat();
}

async function checkPlace(place: Place, remedy: Text, shown: string): Promise<readonly Finding[]> {
  try {
    await within(NAME_MS, lookup(place.host));
  } catch (error) {
    const said = wordsOf(error).en;
    const what = {
      en: `unreachable: the name ${place.host} does not resolve (${said})`,
      "zh-TW": `無法連線：名稱 ${place.host} 無法解析（${said}）`,
    };
    return [finding("dns", "bad", what, NO_NAME)];
  }
  const name = finding("dns", "ok", { en: `${place.host} resolves`, "zh-TW": `${place.host} 可解析` });
  const startedAt = performance.now();
  try {
    await within(CONNECT_MS, dial(place));
    const ms = Math.round(performance.now() - startedAt);
    return [name, finding("connection", "ok", plain(`${shown}:${place.port} ${place.isEncrypted ? "TLS" : "TCP"} ${ms} ms`))];
  } catch (error) {
    const said = wordsOf(error).en;
    const what = { en: `unreachable: ${place.host}:${place.port} (${said})`, "zh-TW": `無法連線：${place.host}:${place.port}（${said}）` };
    return [name, finding("connection", "bad", what, remedy)];
  }
}

function dial({ host, isEncrypted, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = isEncrypted ? connectTls({ host, port, servername: host }) : connect({ host, port });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("timed out")));
    socket.once(isEncrypted ? "secureConnect" : "connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
