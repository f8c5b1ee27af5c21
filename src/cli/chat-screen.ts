// A terminal where text appears above a prompt that somebody may be typing at.

import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import { displayWidth } from "../bot/render-text.ts";

const PROMPT = "botswain> ";
const HISTORY_MAX = 500;
const COLUMNS_DEFAULT = 80;

export interface ScreenOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

export interface Screen {
  /** False when the output is a file or pipe: then there is no prompt, and progress is not shown. */
  readonly isInteractive: boolean;
  /** Shows text above the prompt for good. */
  print(text: string): void;
  /** Shows text above the prompt until the next `progress` or `print` takes its place. */
  progress(text: string): void;
  onLine(callback: (line: string) => void): void;
  /** Called once, on Ctrl-C, Ctrl-D, the end of input, or `close`. */
  onClose(callback: () => void): void;
  close(): void;
}

/** Opens a readline prompt with history on a terminal, or plain lines on anything else. */
export function openScreen({ input, output }: ScreenOptions): Screen {
  const isInteractive = output.isTTY === true;
  const readline = createInterface({
    input,
    output,
    terminal: isInteractive,
    prompt: isInteractive ? PROMPT : "",
    historySize: HISTORY_MAX,
    removeHistoryDuplicates: true,
  });
  let progressRows = 0;
  let isClosed = false;
  readline.once("close", () => {
    isClosed = true;
    if (isInteractive) output.write("\n");
  });
  readline.on("SIGINT", () => readline.close());

  const show = (text: string, isProgress: boolean): void => {
    if (!isInteractive || isClosed) {
      if (!isProgress) output.write(`${text}\n`);
      return;
    }
    const columns = output.columns || COLUMNS_DEFAULT;
    cursorTo(output, 0);
    moveCursor(output, 0, -(readline.getCursorPos().rows + progressRows));
    clearScreenDown(output);
    progressRows = isProgress ? rowsOf(text, columns) : 0;
    output.write(`${text}\n`);
    drawInput(readline, output, columns);
  };

  if (isInteractive) readline.prompt();
  return {
    isInteractive,
    print: (text) => show(text, false),
    progress: (text) => show(text, true),
    onLine: (callback) => listenToLines(readline, isInteractive, () => (progressRows = 0), callback),
    onClose: (callback) => void readline.once("close", callback),
    close: () => readline.close(),
  };
}

function listenToLines(readline: Interface, isInteractive: boolean, forgetProgress: () => void, callback: (line: string) => void): void {
  readline.on("line", (line) => {
    forgetProgress();
    callback(line);
    if (isInteractive) readline.prompt();
  });
}

/**
 * Draws the prompt and what is being typed where the cursor stands, and puts the cursor back into it. `prompt(true)` would
 * first move up by the rows that readline last drew itself, which is wrong once a typed line has wrapped.
 */
function drawInput(readline: Interface, output: NodeJS.WritableStream, columns: number): void {
  const width = displayWidth(PROMPT + readline.line);
  const { rows, cols } = readline.getCursorPos();
  // A space makes the terminal wrap a line that ends exactly at its edge.
  output.write(`${PROMPT}${readline.line}${width % columns === 0 ? " " : ""}`);
  moveCursor(output, 0, rows - Math.floor(width / columns));
  cursorTo(output, cols);
}

/** Rows that a text takes on a terminal of so many columns. */
function rowsOf(text: string, columns: number): number {
  return text.split("\n").reduce((rows, line) => rows + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
}
