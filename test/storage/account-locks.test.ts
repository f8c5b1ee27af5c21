// What bots of one account agree about in Redis: the switch that guards them all, and who signs with a key.

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDeadManVotes } from "../../src/storage/dead-man-votes.ts";
import { createKeySlots } from "../../src/storage/key-slots.ts";
import { hasRedis, type PrivateRedis, startPrivateRedis } from "../exchanges/private-redis.ts";

const ACCOUNT = { exchange: "hyperliquid", account: "main" };
const YES = { agrees: true, wants: true };
const TTL_MS = 60_000;

const suite = hasRedis ? "Redis" : "Redis (skipped: no redis-server found)";
describe.skipIf(!hasRedis)(suite, () => {
  let server: PrivateRedis;
  beforeAll(async () => {
    server = await startPrivateRedis();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await server.connect().flushall();
  });

  describe("the switch of an account", () => {
    it("has one owner, who hears what the others say", async () => {
      const votes = createDeadManVotes(server.connect());
      expect(await votes.vote(ACCOUNT, "one", YES)).toEqual({ isOwner: true, others: [] });
      expect(await votes.vote(ACCOUNT, "two", { agrees: true, wants: false })).toEqual({ isOwner: false, others: [YES] });
      expect(await votes.vote(ACCOUNT, "one", YES)).toEqual({ isOwner: true, others: [{ agrees: true, wants: false }] });
      expect(await votes.vote({ ...ACCOUNT, account: "other" }, "two", YES)).toEqual({ isOwner: true, others: [] });
    });

    it("is never owned by a bot that does not agree", async () => {
      const votes = createDeadManVotes(server.connect());
      const no = { agrees: false, wants: true };
      expect(await votes.vote(ACCOUNT, "one", no)).toEqual({ isOwner: false, others: [] });
      expect(await votes.vote(ACCOUNT, "two", YES)).toEqual({ isOwner: true, others: [no] });
      expect(await votes.vote(ACCOUNT, "two", no)).toMatchObject({ isOwner: false });
      expect(await votes.vote(ACCOUNT, "three", YES)).toMatchObject({ isOwner: true });
    });

    it("passes on when its owner leaves or is heard of no more, and its word is forgotten", async () => {
      const redis = server.connect();
      const votes = createDeadManVotes(redis);
      await votes.vote(ACCOUNT, "one", YES);
      await votes.leave(ACCOUNT, "one");
      expect(await votes.vote(ACCOUNT, "two", YES)).toEqual({ isOwner: true, others: [] });
      await redis.del("{botswain}:deadman:hyperliquid:main");
      await redis.hset("{botswain}:deadman:hyperliquid:main:votes", "two", "11 1");
      expect(await votes.vote(ACCOUNT, "three", YES)).toEqual({ isOwner: true, others: [] });
      expect(await redis.hkeys("{botswain}:deadman:hyperliquid:main:votes")).toEqual(["three"]);
    });
  });

  describe("the slot of a key", () => {
    it("is one bot's, until it gives it back or falls silent", async () => {
      const redis = server.connect();
      const slots = createKeySlots(redis);
      expect(await slots.take("lighter", "k", "one", 4, TTL_MS)).toBeNull();
      expect(await slots.take("lighter", "k", "one", 4, TTL_MS)).toBeNull();
      expect(await slots.take("lighter", "k", "two", 1, TTL_MS)).toBe("one");
      expect(await slots.take("lighter", "other", "two", 1, TTL_MS)).toBeNull();
      await slots.release("lighter", "k", "two", 1);
      expect(await slots.take("lighter", "k", "two", 1, TTL_MS)).toBe("one");
      await slots.release("lighter", "k", "one", 4);
      expect(await slots.take("lighter", "k", "two", 1, TTL_MS)).toBeNull();
      expect(await redis.pttl("{botswain}:keyslot:lighter:k")).toBeGreaterThan(0);
    });

    it("goes to the bot's next life at once, and not back to the former", async () => {
      const slots = createKeySlots(server.connect());
      await slots.take("lighter", "k", "one", 4, TTL_MS);
      expect(await slots.take("lighter", "k", "one", 5, TTL_MS)).toBeNull();
      expect(await slots.take("lighter", "k", "one", 4, TTL_MS)).toBe("one");
      await slots.release("lighter", "k", "one", 4);
      expect(await slots.take("lighter", "k", "two", 1, TTL_MS)).toBe("one");
    });
  });
});
