// The exit codes of the command line, for people and for scripts.

export const EXIT = {
  success: 0,
  failure: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** `exec` without `--yes`: the command asks a question first. */
  needsConfirmation: 3,
  /** Nothing runs on this data folder. */
  notRunning: 4,
  /** A role cannot start until a person mends something; its supervisor gives up instead of trying again. */
  needsMending: 78,
  /** Ended by a second Ctrl-C. */
  interrupted: 130,
} as const;
