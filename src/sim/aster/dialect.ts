// Aster's dialect of the simulated exchange, which Binance's clients speak too: its keys, limits, REST endpoints and streams.

import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { CredentialValues } from "../../core/credentials.ts";
import type { Dialect, DialectContext, DialectSocket } from "../dialect.ts";
import { installGate, RestError } from "../gate.ts";
import { Access } from "./access.ts";
import { Members, rightsSchema } from "./agents.ts";
import { errorBody } from "./errors.ts";
import { serveHistory } from "./history-rest.ts";
import { ASTER_BAN, ASTER_LIMITS, refusalOf, usedHeaders } from "./limits.ts";
import { ListenKeys } from "./listen-keys.ts";
import { ASTER_LISTINGS } from "./listings.ts";
import { keepForms } from "./parameters.ts";
import { type Desk, serveAgents, serveListenKeys, serveOrders, serveSettings } from "./private-rest.ts";
import { INTERFACES, servePublic } from "./public-rest.ts";
import { Realized } from "./realized.ts";
import { AccountSettings } from "./settings.ts";
import { AsterSocket, FUTURES_PATH } from "./socket.ts";
import { UserStreams } from "./user-streams.ts";
import { mainWalletOf, walletOf } from "./wallet.ts";

const KEY_LENGTH = 64;

/** A text of letters and digits, as the older interface's keys are. */
function keyText(): string {
  return randomBytes(KEY_LENGTH)
    .toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, KEY_LENGTH)
    .padEnd(KEY_LENGTH, "0");
}

/** An account's wallet, the agent wallet that may trade for it with its key, and a key pair of the older interface. */
function createCredentials(): CredentialValues {
  const agent = walletOf();
  const { address: walletAddress } = mainWalletOf(agent);
  return { walletAddress, signerAddress: agent.address, privateKey: agent.privateKey, apiKey: keyText(), secret: keyText() };
}

function serve({ app, exchange, accounts, limits, faults, tap, clock, log }: DialectContext): DialectSocket {
  const members = new Members(accounts);
  const access = new Access(members, clock);
  const settings = new AccountSettings();
  const keys = new ListenKeys(clock);
  const realized = new Realized(exchange);
  const users = new UserStreams(exchange, realized, settings);
  const socket = new AsterSocket({ exchange, tap, keys, users });
  const desk: Desk = { exchange, access, settings, keys, realized, tell: (account, news) => users.tell(account, news) };
  keepForms(app);
  installGate(app, {
    limits,
    faults,
    clock,
    log,
    accountOf: (request) => access.claimedBy(request),
    errorBody: (_status, code, message) => errorBody(code, message),
    refusal: (kind, bucket) => refusalOf(kind, bucket, clock.now()),
    usedHeaders,
  });
  servePublic(app, exchange);
  for (const { kind, prefix, versions } of INTERFACES)
    for (const version of versions) {
      const served = { app, desk, kind, root: `${prefix}/${version}` };
      serveOrders(served);
      serveHistory(served);
      serveListenKeys(served);
      if (kind === "spot") continue;
      serveSettings(served);
      serveAgents(served);
    }
  serveTestAids({ app }, members, keys, socket);
  return socket;
}

const expirySchema = z.strictObject({ account: z.string(), kind: z.enum(["perp", "spot"]).default("perp") });

/** What only a test may do: change an agent's rights, let a listen key's hour be over. */
function serveTestAids({ app }: Pick<DialectContext, "app">, members: Members, keys: ListenKeys, socket: AsterSocket): void {
  app.post("/sim/aster/agents", async (request) => {
    const rights = rightsSchema.parse(request.body);
    if (!members.change(rights)) throw new RestError(404, "noSuchRoute", `There is no account ${rights.account}`);
    return members.named(rights.account)?.agents ?? [];
  });
  app.post("/sim/aster/expire-listen-key", async (request) => {
    const { account, kind } = expirySchema.parse(request.body);
    const key = keys.drop(account, kind);
    if (key !== undefined) socket.expire(key);
    return { expired: key !== undefined };
  });
}

export const asterDialect: Dialect = {
  name: "aster",
  limits: ASTER_LIMITS,
  ban: ASTER_BAN,
  listings: ASTER_LISTINGS,
  wsPath: FUTURES_PATH,
  createCredentials,
  serve,
};
