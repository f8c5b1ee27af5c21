// Hostile and broken files: each is refused with a clear sentence or list of faults, and nothing of it is stored.

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { declareDesk, example } from "./config-desk.ts";

const desk = declareDesk();
const SECRET = `0x${"5ec2e7".repeat(10)}5ec2`;

/** A good bot's fields in JSON, with others over them. */
function bot(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...example(), ...fields });
}

/** A good bot in YAML with a line put in the place of its mode. */
function yaml(line: string): string {
  const lines = ["id: eth", "strategy: perp_grid", "exchange: backpack", "account: sim", "symbol: ETH/USDC:USDC"];
  return [...lines, "params: {orderQuantity: 0.05, priceRangePercent: 3}", "risk: {maxPosition: 1}", line, ""].join("\n");
}

function params(text: string): string {
  return bot({ params: "HERE" }).replace('"HERE"', text);
}

interface Hostile {
  readonly name: string;
  readonly file: string;
  readonly content: string | Buffer;
  /** What the sentence must say. */
  readonly says: RegExp;
  /** Paths of the faults; a fault of the whole file has an empty one. */
  readonly paths?: readonly string[];
}

const HOSTILE: readonly Hostile[] = [
  { name: "binary", file: "a.yaml", content: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff]), says: /is no UTF-8 text/ },
  { name: "broken UTF-8", file: "a.yaml", content: Buffer.from([0x69, 0x64, 0x3a, 0x20, 0xc3, 0x28]), says: /is no UTF-8 text/ },
  { name: "UTF-16 with its mark", file: "a.json", content: Buffer.from(`\ufeff${bot()}`, "utf16le"), says: /is no UTF-8 text/ },
  {
    name: "a mark within",
    file: "a.json",
    content: bot({ description: "a\ufeffb" }),
    says: /hidden character U\+FEFF/,
    paths: ["description"],
  },
  { name: "2 MB", file: "a.yaml", content: `#${"x".repeat(2_000_000)}`, says: /has 2000001 bytes; a file of bots has at most 1000000/ },
  {
    name: "nested brackets, JSON",
    file: "a.json",
    content: `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
    says: /nested deeper than 24 levels/,
  },
  { name: "nested brackets, YAML", file: "a.yaml", content: `a: ${"[".repeat(100_000)}`, says: /nested deeper than 24 levels/ },
  { name: "nested dashes", file: "a.yaml", content: `${"- ".repeat(50_000)}1`, says: /nested deeper than 24 levels/ },
  {
    name: "alias bomb",
    file: "a.yaml",
    content: `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((key, at) => `${key}: &${key} [${Array(9).fill(`*${"abcdefgh"[at]}`).join(",")}]`).join("\n")}`,
    says: /anchor or alias/,
  },
  { name: "merge key", file: "a.yaml", content: yaml("mode: sim\n<<: {restart: {maxAttempts: 0}}"), says: /merge key/ },
  {
    name: "duplicate key, YAML",
    file: "a.yaml",
    content: yaml("mode: sim\nmode: live"),
    says: /mode is there twice; keep one \(line 9, column 1\)/,
  },
  { name: "duplicate key, JSON", file: "a.json", content: bot().replace("{", '{"mode":"live",'), says: /mode is there twice/ },
  { name: "tab as indentation", file: "a.yaml", content: "risk:\n\tmaxPosition: 1\n", says: /no YAML: line 2, column 1: Tabs/ },
  { name: "NaN", file: "a.yaml", content: yaml("mode: sim\nrunFor: .nan"), says: /runFor .nan must be a plain decimal number/ },
  {
    name: "Infinity",
    file: "a.json",
    content: params('{"orderQuantity": Infinity}'),
    says: /is no JSON: line 1, column \d+: Unexpected token 'I'/,
  },
  {
    name: "1e-18",
    file: "a.json",
    content: params('{"orderQuantity": 1e-18}'),
    says: /between 1e-15 and 1e15/,
    paths: ["params.orderQuantity"],
  },
  {
    name: "1e400",
    file: "a.json",
    content: params('{"orderQuantity": 1e400}'),
    says: /between 1e-15 and 1e15/,
    paths: ["params.orderQuantity"],
  },
  {
    name: "unsafe integer",
    file: "a.json",
    content: params('{"orderQuantity": "1", "gridNum": 9007199254740993}'),
    says: /fewer digits/,
    paths: ["params.gridNum"],
  },
  { name: "hexadecimal", file: "a.yaml", content: yaml("mode: sim\nrunFor: 0x10"), says: /runFor 0x10 must be a plain decimal number/ },
  {
    name: "__proto__",
    file: "a.json",
    content: bot().replace("{", '{"__proto__":{"mode":"live"},'),
    says: /__proto__ is no name that a field may have/,
  },
  { name: "constructor", file: "a.yaml", content: yaml("mode: sim\nconstructor: {prototype: {}}"), says: /constructor is no name/ },
  {
    name: "unknown key",
    file: "a.json",
    content: bot({ modus: "sim" }),
    says: /modus sim is no field that exists here; did you mean mode/,
    paths: ["modus"],
  },
  {
    name: "wrong types",
    file: "a.json",
    content: bot({ id: 7, params: [], risk: "high", tags: { a: 1 } }),
    says: /id 7 must be text/,
    paths: ["id", "params", "risk", "tags"],
  },
  {
    name: "control character in an id",
    file: "a.json",
    content: bot({ id: "eth\u0007grid" }),
    says: /hidden character U\+0007/,
    paths: ["id"],
  },
  {
    name: "writing turned around",
    file: "a.json",
    content: bot({ description: "safe \u202egnp.exe" }),
    says: /hidden character U\+202E/,
    paths: ["description"],
  },
  {
    name: "path in an id",
    file: "a.json",
    content: bot({ id: "../../etc/passwd" }),
    says: /id \.\.\/\.\.\/etc\/passwd must start with a letter/,
    paths: ["id"],
  },
  { name: "a secret's name", file: "a.json", content: bot({ apiKey: "hunter2hunter2" }), says: /apiKey.*account add/, paths: ["apiKey"] },
  {
    name: "a secret's form",
    file: "a.json",
    content: bot({ description: `my key is ${SECRET}`, tags: [SECRET] }),
    says: /account add/,
    paths: ["description", "tags.0"],
  },
  {
    name: "a secret variable",
    file: "a.yaml",
    content: yaml(`mode: sim\ndescription: \${BACKPACK_SECRET:-hunter2hunter2}`),
    says: /BACKPACK_SECRET.*least of all/,
    paths: ["description"],
  },
  {
    name: "a missing variable",
    file: "a.yaml",
    content: yaml(`mode: \${NOT_SET_ANYWHERE}`),
    says: /variable NOT_SET_ANYWHERE, which is not set/,
    paths: ["mode"],
  },
  {
    name: "a tag",
    file: "a.yaml",
    content: yaml('mode: !!js/function "() => process.exit()"'),
    says: /mode has the tag tag:yaml.org,2002:js\/function/,
  },
  {
    name: "an open quote, YAML",
    file: "a.yaml",
    content: yaml('mode: "sim'),
    says: /no YAML: line \d+, column \d+: Missing closing "quote/,
  },
  { name: "an open quote, JSON", file: "a.json", content: '{"id": "eth', says: /no JSON: line 1, column 12: Unterminated string/ },
  { name: "empty", file: "a.yaml", content: "", says: /must hold one bot's fields/ },
  { name: "only a remark", file: "a.yaml", content: "# nothing\n", says: /must hold one bot's fields/ },
  { name: "several documents", file: "a.yaml", content: "id: a\n---\nid: b\n", says: /several YAML documents/ },
  { name: "another version", file: "a.yaml", content: "version: 2\nbots: []\n", says: /version 2 must be 1/, paths: ["version", "bots"] },
];

describe("refused, whole, in words", () => {
  test.each(HOSTILE)("$name", async ({ file, content, says, paths }) => {
    const path = desk.save(file, content);
    const people = await desk.botswain("config", "import", path);
    expect(people.code).toBe(1);
    expect(people.out).toBe("");
    expect(people.err).toMatch(says);
    expect(people.err).not.toMatch(/^\s+at /m);
    expect(people.err.startsWith(path)).toBe(true);
    expect(people.err.length).toBeLessThan(2_000);
    // Controls and marks of direction never reach the terminal.
    expect(people.err.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e\ufeff]/u);
    for (const secret of [SECRET, "hunter2"]) expect(people.err).not.toContain(secret);
    const { code, data } = await desk.json("config", "import", path);
    expect(code).toBe(1);
    expect(data).toMatchObject({ ok: false, stored: false, files: [path] });
    const faults = data.faults as readonly { readonly file: string; readonly path: string; readonly rule: string }[];
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) expect(fault).toMatchObject({ file: path, rule: expect.stringMatching(/\w{3}/) });
    if (paths !== undefined) expect([...new Set(faults.map((fault) => fault.path))].sort()).toEqual([...paths].sort());
    expect(JSON.stringify(data)).not.toContain("hunter2");
    expect(JSON.stringify(data)).not.toContain(SECRET);
    expect(await desk.withDatabase((db) => db.prisma.bot.count())).toBe(0);
  });

  test("what is no readable file at all", async () => {
    const folder = desk.folder();
    mkdirSync(join(folder, "empty"));
    mkdirSync(join(folder, "dir", "bots.yaml"), { recursive: true });
    symlinkSync(join(folder, "b.yaml"), join(folder, "a.yaml"));
    symlinkSync(join(folder, "a.yaml"), join(folder, "b.yaml"));
    execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
    for (const [name, says] of [
      ["missing.yaml", /missing\.yaml does not exist\.\n$/],
      ["a.yaml", /a\.yaml cannot be read \(ELOOP\)\.\n$/],
      ["empty", /empty holds no \.yaml, \.yml or \.json file/],
      ["dir", /dir\/bots\.yaml is no regular file\.\n$/],
      ["pipe.yaml", /pipe\.yaml is no regular file\.\n$/],
    ] as const) {
      const { code, out, err } = await desk.botswain("config", "import", join(folder, name));
      expect([code, out], name).toEqual([1, ""]);
      expect(err, name).toMatch(says);
      expect(err.trim().split("\n"), name).toHaveLength(1);
    }
  });

  test("one bad file among good ones stores none of them, and all faults of all files are told at once", async () => {
    desk.save("good.json", bot());
    desk.save("bad.yaml", yaml("mode: real\nrunFor: soon"));
    desk.save("worse.json", "{");
    desk.save("twin.json", bot());
    const { code, data } = await desk.json("config", "import", desk.folder());
    expect(code).toBe(1);
    const faults = (data.faults as readonly { readonly file: string; readonly path: string }[]).map(
      ({ file, path }) => `${file.split("/").at(-1)} ${path}`,
    );
    expect(faults.sort()).toEqual(["bad.yaml mode", "bad.yaml runFor", "twin.json id", "worse.json "]);
    expect(await desk.withDatabase((db) => db.prisma.bot.count())).toBe(0);
  });
});

describe("harmless, and read", () => {
  test.each([
    ["a byte order mark at the beginning", "a.json", `\ufeff${bot()}`],
    ["lines that end as on Windows", "a.yaml", yaml("mode: sim").replaceAll("\n", "\r\n")],
    ["JSON under a name of YAML", "a.yaml", JSON.stringify(example(), null, 2)],
    ["JSON with tabs", "a.json", JSON.stringify(example(), null, "\t")],
    ["an old Mac's name", "a.YML", yaml("mode: sim")],
  ])("%s", async (_name, file, content) => {
    const { code, err } = await desk.botswain("config", "import", desk.save(file, content));
    expect([code, err]).toEqual([0, ""]);
    expect(await desk.withDatabase((db) => db.prisma.bot.count())).toBe(1);
  });
});
