// Decides who may use which command where; the only place that does.

import type { AnyCommand, Role } from "../command.ts";
import { isRoleEnough } from "./words.ts";

export interface AccessQuestion {
  /** Undefined when no command has the typed name. */
  readonly command: AnyCommand | undefined;
  /** True when nothing was typed after the command's name. */
  readonly isBare: boolean;
  /** Null for somebody who is not on the list. */
  readonly role: Role | null;
  readonly isChatAllowed: boolean;
}

export type Access = "allowed" | "stranger" | "foreignChat" | "role";

/** True for a command that answers people who are not on the list, as it was typed. */
export function isOpen(command: AnyCommand, isBare: boolean): boolean {
  return command.open === true || (command.open === "bare" && isBare);
}

/** Deny by default: an unknown person or chat learns nothing but open commands, not even which names exist. */
export function judgeAccess({ command, isBare, role, isChatAllowed }: AccessQuestion): Access {
  if (command !== undefined && isOpen(command, isBare)) return "allowed";
  if (role === null) return "stranger";
  if (!isChatAllowed) return "foreignChat";
  if (command !== undefined && !isRoleEnough(role, command.role)) return "role";
  return "allowed";
}

/** Commands that a person may use in some form, for help and menus; null is somebody who is not on the list. */
export function usableCommands(commands: readonly AnyCommand[], role: Role | null): readonly AnyCommand[] {
  return commands.filter((command) => isOpen(command, true) || (role !== null && isRoleEnough(role, command.role)));
}
