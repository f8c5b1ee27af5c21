// Who may act for an account: its own wallet, the agent wallets it approved with their rights, and the API keys of the older interface.

import { z } from "zod";
import type { DialectAccount } from "../dialect.ts";

/** An API wallet as `GET /fapi/v3/agent` lists it. */
export interface Agent {
  readonly agentAddress: string;
  readonly agentName: string;
  /** Addresses with commas between; empty is open to all. */
  readonly ipWhitelist: string;
  /** Epoch ms. */
  readonly expired: number;
  readonly source: string;
  readonly canRead: boolean;
  readonly canSpotTrade: boolean;
  readonly canPerpTrade: boolean;
  readonly canWithdraw: boolean;
}

/** The rights of an account's agent that a test may change: those named. */
export const rightsSchema = z.strictObject({
  account: z.string(),
  ipWhitelist: z.string().optional(),
  expired: z.number().int().min(0).optional(),
  canRead: z.boolean().optional(),
  canSpotTrade: z.boolean().optional(),
  canPerpTrade: z.boolean().optional(),
  canWithdraw: z.boolean().optional(),
});

export type Rights = z.infer<typeof rightsSchema>;

export interface Member {
  readonly account: string;
  readonly walletAddress: string;
  readonly apiKey: string;
  readonly secret: string;
  agents: readonly Agent[];
}

/** The end of the year 2099. */
const FAR_FUTURE = 4_102_444_799_000;

/** All accounts with their wallets, agents and keys. Rights that were changed return to the default with the server's next start. */
export class Members {
  readonly #members: readonly Member[];

  constructor(accounts: readonly DialectAccount[]) {
    this.#members = accounts.map(({ name, credentials }) => {
      const { walletAddress = "", signerAddress = "", apiKey = "", secret = "" } = credentials;
      const agent: Agent = {
        agentAddress: signerAddress,
        agentName: name,
        ipWhitelist: "",
        expired: FAR_FUTURE,
        source: "user",
        canRead: true,
        canSpotTrade: true,
        canPerpTrade: true,
        canWithdraw: false,
      };
      return { account: name, walletAddress, apiKey, secret, agents: [agent] };
    });
  }

  named(account: string): Member | undefined {
    return this.#members.find((member) => member.account === account);
  }

  ofKey(apiKey: string): Member | undefined {
    return this.#members.find((member) => member.apiKey === apiKey);
  }

  /** The member whose wallet or agent an address is. */
  ofAddress(address: string): Member | undefined {
    const wanted = address.toLowerCase();
    return this.#members.find(
      ({ walletAddress, agents }) =>
        walletAddress.toLowerCase() === wanted || agents.some(({ agentAddress }) => agentAddress.toLowerCase() === wanted),
    );
  }

  /** Changes what an account's agents may do; false for an account that is not there. */
  change({ account, ...rights }: Rights): boolean {
    const member = this.named(account);
    if (member === undefined) return false;
    const given = Object.fromEntries(Object.entries(rights).filter(([, value]) => value !== undefined));
    member.agents = member.agents.map((agent) => ({ ...agent, ...given }));
    return true;
  }
}
