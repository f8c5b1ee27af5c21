// `botswain config templates`: lists the templates, or writes one with overrides.

import type { Command } from "commander";
import { validateBot } from "../../core/bot-validation.ts";
import { nearestNames } from "../../core/chat/nearest-names.ts";
import { override, readSettings } from "../../core/config-overrides.ts";
import { takeSecretsOut } from "../../core/config-secrets.ts";
import { typedBot } from "../../core/config-typing.ts";
import { configValueOf, isConfigObject } from "../../core/config-values.ts";
import { UserError } from "../../core/text.ts";
import { faultIn, faultRow } from "../config-fault.ts";
import { type Template, templates } from "../config-templates.ts";
import { formatOf, textOf, writeOutputs } from "../config-write.ts";
import { EXIT } from "../exit-code.ts";
import { inWords, print } from "../language.ts";
import { installedStrategies, tellFaults, tellingFaults, withJson, withSet } from "./config-parts.ts";
import { addVerb } from "./verb.ts";

interface TemplateFlags {
  readonly json?: boolean;
  readonly set?: readonly string[];
  readonly out?: string;
  readonly force?: boolean;
}

export function addTemplates(config: Command): void {
  const verb = addVerb(
    config,
    "templates",
    { en: "List templates of bots, or write one with values of your own.", "zh-TW": "列出機器人範本，或以自訂值產生一份。" },
    "config templates backpack_perp_grid --set id=my_grid --set params.gridNum=30 --out my-grid.yaml",
  )
    .argument("[name]", inWords({ en: "a template's name; without it, all are listed", "zh-TW": "範本名稱；省略則列出全部" }))
    .option("--out <file>", inWords({ en: "a .yaml or .json file; without it, stdout", "zh-TW": ".yaml 或 .json 檔；未指定則輸出至終端" }))
    .option("--force", inWords({ en: "overwrite the file if it exists", "zh-TW": "檔案已存在時覆寫" }));
  withSet(withJson(verb)).action(async (name: string | undefined, flags: TemplateFlags) => {
    process.exitCode = await tellingFaults(flags.json === true, () => (name === undefined ? list(flags) : write(name, flags)));
  });
}

async function list({ json = false, set, out }: TemplateFlags): Promise<number> {
  if (set !== undefined || out !== undefined)
    throw new UserError({ en: "--set and --out need the name of a template.", "zh-TW": "--set 與 --out 需要範本名稱。" });
  const all = templates(await installedStrategies());
  if (json)
    print(
      JSON.stringify({
        ok: true,
        templates: all.map(({ name, exchange, symbol, product }) => ({ name, exchange, product: product.name, symbol })),
      }),
    );
  else {
    const width = Math.max(...all.map(({ name }) => name.length));
    for (const { name, symbol, summary } of all) print(`${name.padEnd(width)}  ${symbol.padEnd(14)}  ${inWords(summary)}`);
  }
  return EXIT.success;
}

async function write(name: string, { json = false, set = [], out, force = false }: TemplateFlags): Promise<number> {
  const strategies = await installedStrategies();
  const template = find(name, templates(strategies));
  const fields = configValueOf(template.config);
  const clean = takeSecretsOut(override(isConfigObject(fields) ? fields : {}, readSettings(set).overrides));
  const typed = typedBot(clean.value, strategies);
  const validation = validateBot(typed.value, strategies);
  const faults = [...clean.faults, ...typed.faults, ...(validation.ok ? [] : validation.faults)].map((fault) => faultIn(name, "", fault));
  if (faults.length > 0) {
    if (json) print(JSON.stringify({ ok: false, template: name, faults: faults.map(faultRow) }));
    else tellFaults(faults);
    return EXIT.failure;
  }
  const format = out === undefined ? "yaml" : formatOf(out);
  if (format === null)
    throw new UserError({
      en: `--out ${out} must end in .yaml, .yml or .json.`,
      "zh-TW": `--out ${out} 必須以 .yaml、.yml 或 .json 結尾。`,
    });
  const text = textOf(typed.value, format);
  if (out !== undefined) writeOutputs([{ path: out, text }], force);
  if (json) print(JSON.stringify({ ok: true, template: name, file: out ?? null, config: typed.value }));
  else if (out === undefined) process.stdout.write(text);
  else print({ en: `${out} written`, "zh-TW": `已寫入 ${out}` });
  return EXIT.success;
}

function find(name: string, all: readonly Template[]): Template {
  const template = all.find((one) => one.name === name);
  if (template !== undefined) return template;
  const near = nearestNames(
    name,
    all.map((one) => one.name),
  )[0];
  throw new UserError({
    en: `There is no template ${name}${near === undefined ? "" : ` (did you mean ${near}?)`}; botswain config templates lists them.`,
    "zh-TW": `沒有名為 ${name} 的範本${near === undefined ? "" : `（你是指 ${near} 嗎？）`}；botswain config templates 可列出全部。`,
  });
}
