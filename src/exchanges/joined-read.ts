// Lets several callers share one expensive read, but never one that began before they asked.

/**
 * At most one read runs and one waits. A caller joins the waiting one: it starts after the call, so its answer is at
 * least as new as the question. `since` of a joined read is the earliest that anybody asked for.
 */
export class JoinedRead<T> {
  readonly #read: (since: number) => Promise<T>;
  #running: Promise<unknown> | null = null;
  #waiting: { since: number; readonly answer: Promise<T> } | null = null;

  constructor(read: (since: number) => Promise<T>) {
    this.#read = read;
  }

  ask(since: number): Promise<T> {
    if (this.#waiting !== null) {
      this.#waiting.since = Math.min(this.#waiting.since, since);
      return this.#waiting.answer;
    }
    const before = this.#running ?? Promise.resolve();
    const answer = before.then(
      () => this.#start(),
      () => this.#start(),
    );
    this.#waiting = { since, answer };
    return answer;
  }

  #start(): Promise<T> {
    const since = this.#waiting?.since ?? 0;
    this.#waiting = null;
    const answer = this.#read(since);
    this.#running = answer;
    return answer;
  }
}
