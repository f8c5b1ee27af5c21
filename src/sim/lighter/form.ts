// Reads the form bodies of sendTx: multipart, as ccxt and Lighter's own clients send it, or urlencoded.

import type { FastifyInstance } from "fastify";

export type Form = Readonly<Record<string, string>>;

function multipart(body: string, contentType: string): Form {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return {};
  const fields: Record<string, string> = {};
  for (const part of body.split(`--${boundary}`)) {
    const found = /name="([^"]+)"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([\s\S]*?)\r\n$/.exec(part);
    if (found?.[1] !== undefined && found[2] !== undefined) fields[found[1]] = found[2];
  }
  return fields;
}

export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser("multipart/form-data", { parseAs: "string" }, (request, body, done) => {
    done(null, multipart(String(body), request.headers["content-type"] ?? ""));
  });
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))));
  });
}
