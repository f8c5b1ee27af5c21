// One answer to a Discord interaction: acknowledged within Discord's 3 s, edited in place while the command runs.

import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from "discord.js";
import type { Logger } from "pino";
import { isSilent } from "../core/chat/dispatch-replies.ts";
import type { Reply } from "../core/command.ts";
import type { Language } from "../core/text.ts";
import { type DiscordMessage, renderDiscord } from "./render-discord.ts";
import { concernsOnlyTheCaller, isIdlePress } from "./reply-audience.ts";

/** Discord wants a first answer within 3 s; until then it is open whether the reply is for everybody or for the caller alone. */
const DEFER_AFTER_MS = 1_500;

export interface InteractionAnswerOptions {
  readonly interaction: ChatInputCommandInteraction | ButtonInteraction;
  readonly language: Language;
  readonly log: Logger;
  /** True when the outcome takes the place of the message whose button was pressed. */
  readonly replaces: boolean;
}

type Content = Pick<DiscordMessage, "embeds" | "components">;

function contentOf(message: DiscordMessage | undefined): Content {
  return { embeds: message?.embeds ?? [], components: message?.components ?? [] };
}

export class InteractionAnswer {
  readonly #options: InteractionAnswerOptions;
  /** Set when the answer replaces the message that it was pressed on. */
  readonly #button: ButtonInteraction | null;
  readonly #timer: NodeJS.Timeout;
  /** The first answer, once it is on its way; gives the message's id when it had content. */
  #opening: Promise<string | null> | null = null;
  #newest: Reply | null = null;
  #showing: Promise<void> | null = null;

  constructor(options: InteractionAnswerOptions) {
    this.#options = options;
    this.#button = options.replaces && options.interaction.isButton() ? options.interaction : null;
    this.#timer = setTimeout(() => {
      if (this.#opening === null) void this.#open(null).catch(() => undefined);
    }, DEFER_AFTER_MS);
  }

  /** Shows an intermediate state; only the newest is shown when they come faster than Discord takes them. Never throws. */
  progress(reply: Reply): void {
    clearTimeout(this.#timer);
    this.#newest = reply;
    this.#showing ??= this.#showNewest();
  }

  /** Shows the final reply. Resolves with the id of the message that carries the buttons, null when nothing is shown to all. */
  async finish(reply: Reply): Promise<string | null> {
    const { interaction, language } = this.#options;
    clearTimeout(this.#timer);
    this.#newest = null;
    await this.#showing;
    if (isSilent(reply)) return this.#leaveSilently();
    const [first = contentOf(undefined), ...others] = renderDiscord(reply, language).map(contentOf);
    const isPress = interaction.isButton();
    if (isPress && isIdlePress(reply)) return this.#tellPresser(first);
    const isEphemeral = this.#opening === null && !isPress && concernsOnlyTheCaller(reply);
    let carrier = await this.#put(first, isEphemeral);
    const flags = isEphemeral ? { flags: MessageFlags.Ephemeral as const } : {};
    for (const content of others) carrier = (await interaction.followUp({ ...content, ...flags })).id;
    return isEphemeral ? null : carrier;
  }

  async #showNewest(): Promise<void> {
    while (this.#newest !== null) {
      const message = renderDiscord(this.#newest, this.#options.language)[0];
      this.#newest = null;
      try {
        await this.#put(contentOf(message));
      } catch (error) {
        this.#options.log.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          "progress could not be shown in Discord",
        );
      }
    }
    this.#showing = null;
  }

  async #put(content: Content, isEphemeral = false): Promise<string | null> {
    if (this.#opening === null) return this.#open(content, isEphemeral);
    await this.#opening;
    return (await this.#options.interaction.editReply(content)).id;
  }

  /** Gives the first answer; without content it only says that one will come. */
  #open(content: Content | null, isEphemeral = false): Promise<string | null> {
    const opened = content === null ? this.#defer() : this.#answerFirst(content, isEphemeral);
    this.#opening = opened;
    // Whoever continues awaits it; a fault must not count as unhandled until then.
    opened.catch(() => undefined);
    return opened;
  }

  async #defer(): Promise<null> {
    await (this.#button === null ? this.#options.interaction.deferReply() : this.#button.deferUpdate());
    return null;
  }

  async #answerFirst(content: Content, isEphemeral: boolean): Promise<string | null> {
    const flags = isEphemeral ? { flags: MessageFlags.Ephemeral as const } : {};
    const response =
      this.#button === null
        ? await this.#options.interaction.reply({ ...content, ...flags, withResponse: true })
        : await this.#button.update({ ...content, withResponse: true });
    return response.resource?.message?.id ?? null;
  }

  /** Nobody is to see an answer: a press is acknowledged without a trace, a deferred reply is taken back. */
  async #leaveSilently(): Promise<null> {
    const { interaction } = this.#options;
    if (this.#opening === null) {
      if (interaction.isButton()) await interaction.deferUpdate();
    } else if (this.#button === null) {
      await this.#opening;
      await interaction.deleteReply();
    }
    return null;
  }

  /** The press did nothing: its presser alone is told, the message stays for the person it waits for. */
  async #tellPresser(content: Content): Promise<null> {
    const { interaction } = this.#options;
    const privately = { ...content, flags: MessageFlags.Ephemeral as const };
    if (this.#opening === null) await interaction.reply(privately);
    else if (this.#button === null) await this.#put(content);
    else {
      await this.#opening;
      await interaction.followUp(privately);
    }
    return null;
  }
}
