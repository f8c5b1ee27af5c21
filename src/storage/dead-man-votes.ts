// Who tells an exchange to guard a whole account, and whether every bot that runs there agrees: one owner, in Redis.

import type { Redis } from "ioredis";
import type { DeadManVote } from "../core/dead-man.ts";
import type { AccountName } from "./bot-numbers.ts";
import { KEY_PREFIX } from "./redis.ts";

/** A bot that says nothing for this long no longer counts, as owner or as voter. */
const VOTE_TTL_MS = 15_000;

/**
 * KEYS: owner, votes. ARGV: bot, vote (two digits: agrees, wants), ttl ms. Returns 1 when the bot owns the switch, then the fresh
 * votes of the others. A bot that does not agree owns nothing.
 */
const VOTE = `
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call("HSET", KEYS[2], ARGV[1], ARGV[2] .. " " .. string.format("%.0f", now + tonumber(ARGV[3])))
redis.call("PEXPIRE", KEYS[2], ARGV[3] * 2)
local answer = { 0 }
local votes = redis.call("HGETALL", KEYS[2])
for i = 1, #votes, 2 do
  local vote, untilMs = string.match(votes[i + 1], "^(%d%d) (%d+)$")
  if tonumber(untilMs) < now then redis.call("HDEL", KEYS[2], votes[i])
  elseif votes[i] ~= ARGV[1] then table.insert(answer, vote) end
end
local owner = redis.call("GET", KEYS[1])
if string.sub(ARGV[2], 1, 1) == "1" and (not owner or owner == ARGV[1]) then
  redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[3])
  answer[1] = 1
elseif owner == ARGV[1] then
  redis.call("DEL", KEYS[1])
end
return answer`;

/** The same keys. ARGV: bot. */
const LEAVE = `
redis.call("HDEL", KEYS[2], ARGV[1])
if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end
return 1`;

export interface DeadManBallot {
  /** This bot is the one to tell the exchange. */
  readonly isOwner: boolean;
  /** The other bots that run on the account. */
  readonly others: readonly DeadManVote[];
}

export interface DeadManVotes {
  /** Says every few seconds how a running bot stands. Throws when Redis does not answer. */
  vote(account: AccountName, botId: string, vote: DeadManVote): Promise<DeadManBallot>;
  /** The bot no longer runs; the next one that votes becomes the owner. */
  leave(account: AccountName, botId: string): Promise<void>;
}

/** Under `{botswain}:deadman:<exchange>:<account>`. */
export function createDeadManVotes(redis: Redis): DeadManVotes {
  const keysOf = ({ exchange, account }: AccountName): readonly [string, string] => {
    const key = `${KEY_PREFIX}:deadman:${exchange}:${account}`;
    return [key, `${key}:votes`];
  };
  return {
    async vote(account, botId, { agrees, wants }) {
      const word = `${agrees ? 1 : 0}${wants ? 1 : 0}`;
      const answer = (await redis.eval(VOTE, 2, ...keysOf(account), botId, word, VOTE_TTL_MS)) as readonly (number | string)[];
      const [isOwner, ...others] = answer;
      return { isOwner: isOwner === 1, others: others.map((vote) => voteOf(String(vote))) };
    },
    async leave(account, botId) {
      await redis.eval(LEAVE, 2, ...keysOf(account), botId);
    },
  };
}

function voteOf(word: string): DeadManVote {
  return { agrees: word[0] === "1", wants: word[1] === "1" };
}
