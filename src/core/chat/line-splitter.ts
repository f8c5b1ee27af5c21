// Cuts a stream of bytes into lines of bounded length.

export interface LineSplitter {
  /** The lines that this piece completes. Throws a RangeError once a line is longer than the bound. */
  push(piece: Uint8Array): readonly string[];
}

/** Lines end with `\n`; characters cut in half between two pieces are put together. */
export function createLineSplitter(bytesMax: number): LineSplitter {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let bytes = 0;
  return {
    push(piece) {
      const lines: string[] = [];
      let start = 0;
      for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
        bytes += end - start;
        if (bytes > bytesMax) throw new RangeError(`a line is longer than ${bytesMax} bytes`);
        pieces.push(decoder.decode(piece.subarray(start, end), { stream: true }));
        lines.push(pieces.join(""));
        pieces = [];
        bytes = 0;
        start = end + 1;
      }
      bytes += piece.length - start;
      if (bytes > bytesMax) throw new RangeError(`a line is longer than ${bytesMax} bytes`);
      if (start < piece.length) pieces.push(decoder.decode(piece.subarray(start), { stream: true }));
      return lines;
    },
  };
}
