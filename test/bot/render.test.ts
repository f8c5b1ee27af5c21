// Replies as text, Telegram HTML and Discord embeds: aligned, escaped, inside every limit.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyboardOf, renderHtml, renderPlain } from "../../src/bot/render.ts";
import { EMBED_LIMITS, renderDiscord } from "../../src/bot/render-discord.ts";
import { cleanText, clip, displayWidth, layOutTable } from "../../src/bot/render-text.ts";
import type { Block, Reply } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { discordValidator, SPECS_MISSING_MESSAGE, specsMissing, textOfHtml } from "../fakes/specs.ts";
import { question, say } from "./sample.ts";

const status: Reply = say("eth_grid", {
  tone: "good",
  title: { en: "eth_grid [sim] is running", "zh-TW": "eth_grid［模擬］執行中" },
  blocks: [
    { type: "text", text: { en: "All well.", "zh-TW": "一切正常。" } },
    {
      type: "fields",
      fields: [
        { label: { en: "Position", "zh-TW": "部位" }, value: plain("0.1 ETH") },
        { label: { en: "Net", "zh-TW": "淨損益" }, value: plain("+1.25 USDC") },
      ],
    },
    {
      type: "table",
      columns: [
        { en: "Bot", "zh-TW": "機器人" },
        { en: "Net", "zh-TW": "淨損益" },
      ],
      rows: [
        ["eth_grid", "1.25"],
        ["比特幣", "-10.5"],
      ],
    },
  ],
});

describe("plain text", () => {
  it("aligns fields and tables", () => {
    expect(renderPlain(status, "en")).toBe(
      [
        "✓ eth_grid [sim] is running",
        "All well.",
        "  Position  0.1 ETH",
        "  Net       +1.25 USDC",
        "",
        "Bot         Net",
        "--------  -----",
        "eth_grid   1.25",
        "比特幣    -10.5",
      ].join("\n"),
    );
  });

  it("aligns Chinese by display width", () => {
    const lines = renderPlain(status, "zh-TW").split("\n");
    expect(lines.slice(2, 4)).toEqual(["  部位    0.1 ETH", "  淨損益  +1.25 USDC"]);
    const table = lines.slice(5);
    expect(new Set(table.map(displayWidth)).size).toBe(1);
  });

  it("numbers the buttons", () => {
    expect(renderPlain(question("Stop eth_grid?"), "en")).toBe("Stop eth_grid?\n\n[1] Keep   [2] Flatten");
  });

  it("holds no character that could command a terminal", () => {
    const text = renderPlain(say("a\u001b[31mred\u0007\u202eevil\u0085\ud800"), "en");
    expect(text).toBe("a [31mred  evil \ufffd");
  });
});

describe("widths", () => {
  it.each([
    ["abc", 3],
    ["機器人", 6],
    ["ｆｕｌｌ", 8],
    ["한국", 4],
    ["👍🏽", 2],
    ["e\u0301", 1],
    ["─", 1],
  ])("%s takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it("a clipped text ends between characters", () => {
    expect(clip("abcdef", 4)).toBe("abc…");
    expect(clip("a👍🏽b", 4)).toBe("a…");
    expect(clip("abc", 3)).toBe("abc");
  });

  it("a table with ragged rows and no rows is laid out", () => {
    expect(layOutTable(["a", "b"], [["1"], ["2", "x", "lost"]]).rows).toEqual(["1", "2  x"]);
    expect(layOutTable(["a", "b"], [])).toEqual({ head: ["a  b", "-  -"], rows: [] });
  });
});

describe("Telegram HTML", () => {
  it("marks the tone, sets tables in monospace", () => {
    expect(renderHtml(status, "en")).toEqual([
      [
        "✅ <b>eth_grid [sim] is running</b>",
        "All well.",
        "<b>Position</b>: 0.1 ETH",
        "<b>Net</b>: +1.25 USDC",
        "<pre>Bot         Net",
        "--------  -----",
        "eth_grid   1.25",
        "比特幣    -10.5</pre>",
      ].join("\n"),
    ]);
  });

  it("repeats the head of a table that is split", () => {
    const rows = Array.from({ length: 900 }, (_, index) => [`bot_${index}`, String(index)]);
    const messages = renderHtml(say("list", { blocks: [{ type: "table", columns: [plain("Bot"), plain("Net")], rows }] }), "en");
    expect(messages.length).toBeGreaterThan(1);
    for (const message of messages.slice(1)) expect(message.startsWith("<pre>Bot")).toBe(true);
    expect(messages.join("\n").match(/bot_\d+/g)).toHaveLength(900);
  });

  it("breaks one endless line at spaces and loses nothing but these", () => {
    const words = Array.from({ length: 3_000 }, (_, index) => `w${index}`).join(" ");
    const messages = renderHtml(say("t", { blocks: [{ type: "text", text: plain(words) }] }), "en");
    expect(messages.join(" ").match(/w\d+/g)).toEqual(words.split(" "));
  });

  it("puts tokens, and tokens only, on buttons", () => {
    expect(keyboardOf(question("?"), "en")).toEqual([
      [
        { text: "Keep", callback_data: "tkeep0001", style: "primary" },
        { text: "Flatten", callback_data: "tflat0001", style: "danger" },
      ],
    ]);
  });
});

describe("Discord", () => {
  it("shows text, fields and tables in the order of the reply", () => {
    const [message, ...others] = renderDiscord(status, "en");
    expect(others).toEqual([]);
    expect(message?.embeds).toEqual([
      {
        title: "✅ eth\\_grid \\[sim\\] is running",
        color: 0x2e9e5b,
        description: "All well.",
        fields: [
          { name: "Position", value: "0.1 ETH", inline: true },
          { name: "Net", value: "+1.25 USDC", inline: true },
        ],
      },
      { color: 0x2e9e5b, description: "```\nBot         Net\n--------  -----\neth_grid   1.25\n比特幣    -10.5\n```" },
    ]);
  });

  it("lets nobody be mentioned and no code block be left", () => {
    const rows = [["``` @everyone"]];
    const [message] = renderDiscord(say("<@1> @everyone", { blocks: [{ type: "table", columns: [plain("a")], rows }] }), "en");
    expect(message?.allowed_mentions).toEqual({ parse: [] });
    expect(message?.embeds[0]?.title).toBe("\\<\\@1\\> \\@everyone");
    expect(message?.embeds[0]?.description?.match(/```/g)).toHaveLength(2);
  });
});

describe("any reply", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(
      "<b>&lt;",
      "\u202e\u0000\u001b[2J",
      "@everyone <@1> **x** [a](b)",
      "👨‍👩‍👧‍👦".repeat(30),
      "x".repeat(5_000),
      "&".repeat(5_000),
      "",
      "\n\n",
    ),
  );
  const text = hostile.map(plain);
  const block: fc.Arbitrary<Block> = fc.oneof(
    fc.record({ type: fc.constant("text" as const), text }),
    fc.record({ type: fc.constant("fields" as const), fields: fc.array(fc.record({ label: text, value: text }), { maxLength: 40 }) }),
    fc.record({
      type: fc.constant("table" as const),
      columns: fc.array(text, { minLength: 1, maxLength: 5 }),
      rows: fc.array(fc.array(hostile, { maxLength: 5 }), { maxLength: 60 }),
    }),
  );
  const reply = fc.record({
    tone: fc.constantFrom("neutral" as const, "good" as const, "bad" as const),
    title: text,
    blocks: fc.array(block, { maxLength: 4 }),
    data: fc.constant(null),
  });

  it("is HTML that Telegram accepts, in messages of at most 4096 characters", () => {
    fc.assert(
      fc.property(reply, (any) => {
        for (const html of renderHtml(any, "en")) {
          expect(html.length).toBeLessThanOrEqual(4096);
          textOfHtml(html);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("fits Discord's limits", () => {
    fc.assert(
      fc.property(reply, (any) => {
        for (const { embeds } of renderDiscord(any, "en")) {
          const size = embeds.flatMap((embed) => [
            embed.title,
            embed.description,
            ...(embed.fields ?? []).flatMap((f) => [f.name, f.value]),
          ]);
          expect(size.join("").length).toBeLessThanOrEqual(EMBED_LIMITS.total);
          expect(embeds.length).toBeLessThanOrEqual(EMBED_LIMITS.embeds);
          for (const embed of embeds) expect(embed.fields?.length ?? 0).toBeLessThanOrEqual(EMBED_LIMITS.fields);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is a body that Discord's description accepts", (context) => {
    context.skip(specsMissing, SPECS_MISSING_MESSAGE);
    const validate = discordValidator();
    fc.assert(
      fc.property(reply, (any) => {
        for (const body of renderDiscord(any, "en")) {
          expect(validate?.({ method: "POST", path: "/channels/1/messages", query: {}, body })).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is printable in a terminal", () => {
    fc.assert(
      fc.property(reply, (any) => {
        const shown = renderPlain(any, "en");
        expect(cleanText(shown)).toBe(shown);
      }),
      { numRuns: 150 },
    );
  });
});
