// Finds requests that would approve or pay a hidden builder fee, or change the account behind the operator's back.

/** Words in a path or value that name an approval or a referral, whatever the exchange calls it. */
const ACTION = /approve[-_ ]?builder|authorize[-_ ]?builder|approve[-_ ]?integrator|set[-_ ]?referrer/i;
/** Fields that carry a builder's address, code or rate. */
const FIELD = /^(builder|builder[-_]?(id|fee|code|fee[-_]?rate|address)|fee[-_]?rate)$/i;
/** Lighter: transaction types ChangePubKey and ApproveIntegrator, and the integrator's account, taker and maker fee. */
const LIGHTER_TYPES: ReadonlySet<string> = new Set(["8", "45"]);
const LIGHTER_FEES = ["1", "2", "3"];

/**
 * What is wrong with a request, or null. ccxt swallows the error that a guard throws inside an approval, so the caller
 * must also remember the finding and refuse to go on.
 */
export function builderFeeIn(url: string, body: unknown): string | null {
  const [path = "", query = ""] = url.split("?", 2);
  if (ACTION.test(path)) return `path ${path}`;
  return inParameters(query) ?? inBody(body);
}

function inParameters(text: string): string | null {
  for (const [name, value] of new URLSearchParams(text)) {
    const found = inField(name, value);
    if (found !== null) return found;
  }
  return null;
}

function inBody(body: unknown): string | null {
  if (typeof body !== "string") return inValue(body);
  const parsed = parsedJson(body);
  return parsed === undefined ? inParameters(body) : inValue(parsed);
}

function inField(name: string, value: unknown): string | null {
  if (FIELD.test(name) && value !== null && value !== undefined) return `field ${name}`;
  if (/^tx_?type$/i.test(name) && LIGHTER_TYPES.has(String(value))) return `${name} ${String(value)}`;
  if (name === "L2TxAttributes" && hasFees(value)) return "integrator fees";
  return inValue(value);
}

function inValue(value: unknown): string | null {
  if (typeof value === "string") {
    if (ACTION.test(value)) return `value ${value.slice(0, 40)}`;
    // Lighter hides the fields in a JSON text inside the JSON.
    const parsed = /^\s*[[{]/.test(value) ? parsedJson(value) : undefined;
    return parsed === undefined ? null : inValue(parsed);
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const found = inField(name, inner);
    if (found !== null) return found;
  }
  return null;
}

function hasFees(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const attributes = value as Readonly<Record<string, unknown>>;
  return LIGHTER_FEES.some((name) => Number(attributes[name] ?? 0) !== 0);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
