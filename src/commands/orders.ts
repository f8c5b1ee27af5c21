// `/orders`: the open orders of a bot.

import { z } from "zod";
import { sideWord } from "../core/chat/words.ts";
import { defineCommand } from "../core/command.ts";
import { BOT, chosenBot } from "./parts/bot-choice.ts";
import { botWithMode } from "./parts/shown-values.ts";

/** Rows shown; `data` carries all. */
const SHOWN_MAX = 50;

export default defineCommand({
  name: "orders",
  summary: { en: "Show the open orders of a bot", "zh-TW": "顯示機器人的掛單" },
  args: z.object({ bot: BOT }),
  role: "viewer",
  async run({ bot }, { fleet, invocation }) {
    const { id, config } = await chosenBot(fleet, bot);
    const orders = await fleet.openOrders(id);
    const name = botWithMode(id, config.mode);
    const left = orders.length - SHOWN_MAX;
    return {
      tone: "neutral",
      title: { en: `${name.en}: ${orders.length} open orders`, "zh-TW": `${name["zh-TW"]}：${orders.length} 筆掛單` },
      blocks:
        orders.length === 0
          ? []
          : [
              {
                type: "table",
                columns: [
                  { en: "side", "zh-TW": "方向" },
                  { en: "price", "zh-TW": "價格" },
                  { en: "quantity", "zh-TW": "數量" },
                  { en: "filled", "zh-TW": "已成交" },
                  { en: "status", "zh-TW": "狀態" },
                  { en: "slot", "zh-TW": "位置" },
                ],
                rows: orders
                  .slice(0, SHOWN_MAX)
                  .map((order) => [
                    sideWord(order.side)[invocation.language],
                    order.price,
                    order.quantity,
                    order.filledQuantity,
                    order.isUnknown ? `${order.status} ?` : order.status,
                    order.slot,
                  ]),
              },
              ...(left > 0 ? [{ type: "text" as const, text: { en: `and ${left} more`, "zh-TW": `另有 ${left} 筆` } }] : []),
            ],
      data: { bot: id, mode: config.mode, orders },
    };
  },
});
