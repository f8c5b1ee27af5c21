// The connections of a dialect's streams: accepts them, sends on them, and is where injected faults hit them.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../core/ports.ts";
import type { Faults, MessageFault } from "./faults.ts";

/** A consumer that lets this much pile up is cut off. */
const BUFFER_MAX_BYTES = 16 * 1024 * 1024;
/** Messages that may wait on a slow connection. */
const QUEUE_MAX = 10_000;
/** The longest message that a client may send. */
const PAYLOAD_MAX_BYTES = 1024 * 1024;

export interface SocketTapOptions {
  readonly faults: Faults;
  readonly clock: Clock;
}

/** A message that waits for others of its stream to overtake it. */
interface Held {
  readonly topic: string;
  readonly text: string;
  behind: number;
  readonly timer: NodeJS.Timeout;
}

interface Link {
  readonly socket: WebSocket;
  isSilent: boolean;
  held: Held[];
  /** Of a slow connection: what waits for its turn, one each `gapMs`. */
  queue: string[];
  gapMs: number;
  timers: Set<NodeJS.Timeout>;
}

export class SocketTap {
  readonly #faults: Faults;
  readonly #clock: Clock;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: PAYLOAD_MAX_BYTES });
  readonly #links = new Map<WebSocket, Link>();
  #refusesUntil = 0;

  constructor({ faults, clock }: SocketTapOptions) {
    this.#faults = faults;
    this.#clock = clock;
  }

  /** Number of live connections. */
  get size(): number {
    return this.#links.size;
  }

  /** Takes an upgrade, or refuses it while the exchange does. `onOpen` hears of the connection before its first message. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, onOpen: (socket: WebSocket) => void): void {
    const refusal = this.#faults.ofConnection();
    if (refusal !== null || this.#clock.monotonic() < this.#refusesUntil) {
      if (refusal?.status === undefined) stream.destroy();
      else stream.end(`HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      const link: Link = { socket, isSilent: false, held: [], queue: [], gapMs: 0, timers: new Set() };
      this.#links.set(socket, link);
      socket.on("close", () => this.#forget(link));
      socket.on("error", () => socket.terminate());
      onOpen(socket);
    });
  }

  /**
   * Sends a message of a stream, unless a fault says otherwise. `topic` is the stream as the dialect names it; answers to a
   * client's own words have the topic `reply`. `account` is whose private stream it is, or null.
   */
  send(socket: WebSocket, topic: string, text: string, account: string | null = null): void {
    const link = this.#links.get(socket);
    if (link === undefined || link.isSilent) return;
    const fault = this.#faults.ofMessage(topic, account);
    if (fault === null) this.#pass(link, topic, text);
    else this.#hit(link, topic, text, fault);
  }

  /** Cuts every connection without a farewell and refuses new ones for a while. Returns how many were cut. */
  disconnect(refuseMs: number): number {
    this.#refusesUntil = this.#clock.monotonic() + refuseMs;
    const links = [...this.#links.values()];
    for (const link of links) this.#cut(link);
    return links.length;
  }

  close(): void {
    this.disconnect(0);
    this.#server.close();
  }

  #hit(link: Link, topic: string, text: string, fault: MessageFault): void {
    switch (fault.kind) {
      case "duplicate":
        this.#pass(link, topic, text);
        this.#deliver(link, text);
        return;
      case "lose":
        return;
      case "late":
        this.#later(link, this.#faults.delayOf(fault), () => this.#pass(link, topic, text));
        return;
      case "reorder": {
        const timer = this.#later(link, fault.delayMs, () => this.#release(link, held));
        const held: Held = { topic, text, behind: fault.behind, timer };
        link.held.push(held);
        return;
      }
      case "silence":
        link.isSilent = true;
        // Nothing is read either: no ping is answered, no farewell heard.
        link.socket.pause();
        return;
      case "disconnect":
        this.#cut(link);
        return;
      case "slow":
        if (link.gapMs === 0) this.#later(link, fault.delayMs, () => this.#drain(link));
        link.gapMs = fault.delayMs;
        this.#pass(link, topic, text);
        return;
    }
  }

  /** Delivers a message, and those that waited for it. */
  #pass(link: Link, topic: string, text: string): void {
    this.#deliver(link, text);
    for (const held of [...link.held]) {
      if (held.topic !== topic) continue;
      held.behind -= 1;
      if (held.behind === 0) this.#release(link, held);
    }
  }

  #release(link: Link, held: Held): void {
    if (!link.held.includes(held)) return;
    clearTimeout(held.timer);
    link.held = link.held.filter((other) => other !== held);
    this.#deliver(link, held.text);
  }

  #deliver(link: Link, text: string): void {
    if (link.gapMs === 0) return this.#write(link, text);
    link.queue.push(text);
    if (link.queue.length > QUEUE_MAX) this.#cut(link);
  }

  #drain(link: Link): void {
    const text = link.queue.shift();
    if (text !== undefined) this.#write(link, text);
    this.#later(link, link.gapMs, () => this.#drain(link));
  }

  #write(link: Link, text: string): void {
    const { socket } = link;
    if (link.isSilent || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > BUFFER_MAX_BYTES) this.#cut(link);
    else socket.send(text);
  }

  #later(link: Link, delayMs: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      link.timers.delete(timer);
      act();
    }, delayMs);
    link.timers.add(timer);
    return timer;
  }

  #cut(link: Link): void {
    // A paused connection would not notice its own end.
    link.socket.resume();
    link.socket.terminate();
    this.#forget(link);
  }

  #forget(link: Link): void {
    for (const timer of link.timers) clearTimeout(timer);
    this.#links.delete(link.socket);
  }
}
