// The channels of the fake Discord: messages as posted, edited and read.

import { type PostedMessage, shapeOfMessage, snowflake } from "./discord-shapes.ts";
import { type Fields, isFields } from "./specs.ts";

export interface Board {
  readonly messages: PostedMessage[];
  readonly violations: string[];
}

const EPHEMERAL = 64;
const EMBED_TOTAL_MAX = 6_000;

type Shown = Pick<PostedMessage, "text" | "buttons" | "embeds" | "components">;

function shown(board: Board, body: unknown, before: Shown | null): Shown {
  const data = isFields(body) ? body : {};
  const embeds = (Array.isArray(data.embeds) ? data.embeds : (before?.embeds ?? [])) as Fields[];
  const components = (Array.isArray(data.components) ? data.components : (before?.components ?? [])) as Fields[];
  const words = embeds.flatMap((embed) => {
    const fields = (Array.isArray(embed.fields) ? embed.fields : []) as Fields[];
    return [embed.title, embed.description, ...fields.map((field) => `${field.name}: ${field.value}`)].filter(
      (part) => typeof part === "string",
    );
  });
  const size = words.join("").length;
  if (size > EMBED_TOTAL_MAX) board.violations.push(`embeds hold ${size} characters together, allowed are ${EMBED_TOTAL_MAX}`);
  const content = typeof data.content === "string" ? [data.content] : [];
  const buttons = components.flatMap((row) => (Array.isArray(row.components) ? (row.components as Fields[]) : []));
  return {
    text: asRead([...content, ...words].join("\n")),
    buttons: buttons.map((button) => ({ label: String(button.label), token: String(button.custom_id), style: Number(button.style) })),
    embeds,
    components,
  };
}

/** What a reader sees: escaped markup without its backslashes. */
function asRead(markdown: string): string {
  return markdown.replace(/\\([\\*_~`|<>[\]@#+.-])/g, "$1");
}

/** Puts a message into a channel; a deferred one is empty until it is edited. */
export function post(board: Board, channelId: string, body: unknown, interactionId: string | null, isDeferred = false): PostedMessage {
  const content = shown(board, body, null);
  if (content.text === "" && !isDeferred) board.violations.push("an empty message was sent");
  const isEphemeral = isFields(body) && (Number(body.flags ?? 0) & EPHEMERAL) !== 0;
  const message: PostedMessage = { id: snowflake(), channelId, interactionId, isEphemeral, ...content, earlier: [], sentAt: Date.now() };
  board.messages.push(message);
  return message;
}

/** Changes a message in place; what the body does not name stays. */
export function edit(board: Board, message: PostedMessage | null, body: unknown): Fields | null {
  if (message === null) return null;
  const next = shown(board, body, message);
  const earlier = next.text === message.text ? message.earlier : [...message.earlier, message.text];
  Object.assign(message, next, { earlier });
  return shapeOfMessage(message);
}
