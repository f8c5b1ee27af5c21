// A wire between an adapter and a server that remembers every request and can change what goes over it.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body's fields; empty without one. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Epoch ms of its arrival. */
  readonly at: number;
}

export interface WireAnswer {
  readonly status: number;
  readonly text: string;
}

const HOP = new Set(["host", "connection", "content-length", "accept-encoding", "transfer-encoding"]);

export class RecordingWire {
  readonly requests: WireRequest[] = [];
  /** May change the query before the request goes on. */
  onRequest: (request: WireRequest) => void = () => undefined;
  /** May change an answer on its way back. */
  onAnswer: (request: WireRequest, answer: WireAnswer) => WireAnswer = (_, answer) => answer;
  readonly #target: string;
  readonly #server = createServer((request, response) => void this.#pass(request, response));
  url = "";

  private constructor(target: string) {
    this.#target = target;
  }

  static async to(target: string): Promise<RecordingWire> {
    const wire = new RecordingWire(target);
    await new Promise<void>((resolve) => wire.#server.listen(0, "127.0.0.1", resolve));
    wire.url = `http://127.0.0.1:${(wire.#server.address() as AddressInfo).port}`;
    return wire;
  }

  /** Requests whose path fits, in the order of their arrival. */
  seen(method: string, path: RegExp): readonly WireRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  reset(): void {
    this.requests.length = 0;
    this.onRequest = () => undefined;
    this.onAnswer = (_, answer) => answer;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of incoming) text += String(part);
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://wire");
    const method = incoming.method ?? "GET";
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const request = { method, path: pathname, query: searchParams, headers: incoming.headers, text, body, at: Date.now() };
    this.requests.push(request);
    this.onRequest(request);
    const headers = Object.entries(incoming.headers).flatMap(([name, value]) =>
      HOP.has(name) || value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const query = searchParams.size === 0 ? "" : `?${searchParams}`;
    const answer = await fetch(`${this.#target}${pathname}${query}`, { method, headers, ...(text === "" ? {} : { body: text }) });
    const told = this.onAnswer(request, { status: answer.status, text: await answer.text() });
    response.writeHead(told.status, { "content-type": "application/json" });
    response.end(told.status === 204 ? undefined : told.text);
  }
}
