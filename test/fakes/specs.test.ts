// The fakes' validators find what is wrong with a request and leave alone what is right.

import { describe, expect, it } from "vitest";
import { discordValidator, SPECS_MISSING_MESSAGE, specsMissing, telegramValidator, textOfHtml } from "./specs.ts";

describe.skipIf(specsMissing)(`validators of the API descriptions${specsMissing ? `: ${SPECS_MISSING_MESSAGE}` : ""}`, () => {
  const button = { text: "Stop", callback_data: "t1", style: "danger" };

  it("accepts right Telegram requests", () => {
    const telegram = telegramValidator();
    const keyboard = { inline_keyboard: [[button]] };
    expect(telegram?.("sendMessage", { chat_id: 1, text: "<b>a</b>", parse_mode: "HTML", reply_markup: keyboard })).toEqual([]);
    expect(telegram?.("setMyCommands", { commands: [{ command: "a", description: "b" }], language_code: "zh" })).toEqual([]);
  });

  it.each([
    ["noSuchMethod", {}, "no such method"],
    ["sendMessage", { chat_id: 1 }, "text is required"],
    ["sendMessage", { chat_id: 1.5, text: "a" }, "chat_id must be an integer"],
    ["sendMessage", { chat_id: 1, text: "a", txet: "b" }, "txet is not described"],
    ["sendMessage", { chat_id: 1, text: "x".repeat(4097) }, "4097 characters"],
    ["sendMessage", { chat_id: 1, text: "<b></b>", parse_mode: "HTML" }, "0 characters"],
    ["answerCallbackQuery", { callback_query_id: "1", text: "x".repeat(201) }, "201 characters"],
    [
      "sendMessage",
      { chat_id: 1, text: "a", reply_markup: { inline_keyboard: [[{ ...button, callback_data: "界".repeat(22) }]] } },
      "66 bytes",
    ],
    [
      "sendMessage",
      { chat_id: 1, text: "a", reply_markup: { inline_keyboard: [[{ ...button, url: "https://a.b" }]] } },
      "exactly one thing",
    ],
    ["setMyCommands", { commands: [{ command: "a", description: "" }] }, "0 characters"],
  ])("names the fault of Telegram's %s %#", (method, payload, fault) => {
    expect(telegramValidator()?.(method, payload).join("; ")).toContain(fault);
  });

  const embed = { title: "x", color: 5, fields: [{ name: "a", value: "b", inline: true }] };

  it("accepts right Discord requests", () => {
    const discord = discordValidator();
    const row = { type: 1, components: [{ type: 2, style: 1, label: "a", custom_id: "x" }] };
    const body = { embeds: [embed], components: [row], allowed_mentions: { parse: [] } };
    expect(discord?.({ method: "POST", path: "/channels/12/messages", query: {}, body })).toEqual([]);
    const callback = { method: "POST", path: "/interactions/1/token/callback", query: { with_response: "false" } };
    expect(discord?.({ ...callback, body: { type: 5, data: { flags: 64 } } })).toEqual([]);
    expect(discord?.({ method: "GET", path: "/gateway/bot", query: {}, body: undefined })).toEqual([]);
  });

  it.each([
    ["POST", "/channels/abc/messages", {}, "channel_id"],
    ["POST", "/channels/1/messages", { embeds: [{ title: 5 }] }, "embeds"],
    ["POST", "/channels/1/messages", { embeds: Array.from({ length: 11 }, () => embed) }, "embeds"],
    ["POST", "/channels/1/nothing", {}, "not described"],
    ["POST", "/interactions/1/token/callback", { type: 99 }, "type"],
    ["PUT", "/applications/1/commands", [{ name: "a", description: "d", options: [{ type: 3, name: "b" }] }], "description"],
    ["PUT", "/applications/1/commands", [{ name: "x".repeat(33), description: "d" }], "name"],
  ])("names the fault of Discord's %s %s %#", (method, path, body, fault) => {
    expect(discordValidator()?.({ method, path, query: {}, body }).join("; ")).toContain(fault);
  });
});

describe("Telegram's HTML", () => {
  it("gives the text that a reader sees", () => {
    expect(textOfHtml("<b>a &lt; b</b>\n<pre>x &amp;amp;</pre>")).toBe("a < b\nx &amp;");
  });

  it.each(["<b>a", "a</b>", "a < b", "a & b", "<b><i>a</b></i>", "<script>"])("refuses %s", (html) => {
    expect(() => textOfHtml(html)).toThrow("can't parse entities");
  });
});
