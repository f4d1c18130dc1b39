/** Requirements files, read by Vouch and by pip's own code: what one of them sees and the other does not is where an option hides. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import {
  decodeRequirements,
  longOptionValues,
  requirementLines,
  lineWords,
} from "../../../../src/tools/python/project/requirements.ts";
import { requires } from "../../../requires.ts";

const program = `
import base64, json, os, sys
from pip._internal.req import req_file
for name in list(os.environ):
    if name not in ("SET", "OTHER"): del os.environ[name]
def read(encoded):
    data = base64.b64decode(encoded)
    try:
        decode = getattr(req_file, "_decode_req_file", None)
        if decode: text = decode(data, "requirements.txt")
        else:
            from pip._internal.utils.encoding import auto_decode
            text = auto_decode(data)
    except Exception: return None
    lines = []
    parse = req_file.get_line_parser(None)
    for number, line in req_file.preprocess(text):
        try: hosts = parse(line)[1].trusted_hosts or []
        except BaseException: hosts = None
        lines.append([number, line, hosts])
    return lines
print(json.dumps([read(each) for each in json.load(sys.stdin)]))
`;

const env = { SET: "--trusted-host", OTHER: "${SET}" };

const part = fc.constantFrom(
  "--trusted-host x.example",
  ..."a|a==1|-r|--pre|--trusted-host|--t|--trusted|=|x.example|\\|\\\\|'|\"|#|${SET}|${OTHER}|${UNSET}|;|@".split("|"),
  ..." |  |\t|\n|\n\n|\r\n|\r|\v|\f|\x1c|\x1d|\x1e|\x1f|\x85|\xa0|\u2028|\u2029|\u3000|\ufeff|é".split("|"),
);
const text = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(""));
const encoded = fc.oneof(
  { weight: 6, arbitrary: text.map((each) => Buffer.from(each)) },
  { weight: 1, arbitrary: text.map((each) => Buffer.from(each, "latin1")) },
  { weight: 1, arbitrary: text.map((each) => Buffer.from(`\ufeff${each}`, "utf16le")) },
  { weight: 1, arbitrary: text.map((each) => Buffer.from(`\ufeff\ufffe${each}`, "utf16le")) },
  { weight: 1, arbitrary: text.map((each) => Buffer.from(`\ufffe${each}`, "utf16le").swap16()) },
  { weight: 1, arbitrary: text.map((each) => Buffer.from(`# coding: latin-1\n${each}`, "latin1")) },
  { weight: 1, arbitrary: text.map((each) => Buffer.from(`\ufeff${each}`)) },
);

const pips = ["pip-22", "pip-23", "pip-26.1", "pip-26"].map((name) => [
  name,
  join(import.meta.dir, "../../../../.tools", name, "bin/python"),
]);
test.each(pips)(
  "%s sees the lines that Vouch sees, and no host more",
  (_, python) => {
    if (!requires(python)) return;
    const files = fc.sample(encoded, 2000);
    const run = Bun.spawnSync([python, "-c", program], {
      env: { ...env, LANG: "C.UTF-8" },
      stdin: Buffer.from(JSON.stringify(files.map((file) => file.toString("base64")))),
    });
    const seen = JSON.parse(run.stdout.toString()) as ([number, string, string[] | null][] | null)[];
    expect(seen.length).toBe(files.length);
    let hosts = 0;
    for (const [index, lines] of seen.entries()) {
      const own = decodeRequirements(files[index]!);
      // What pip cannot read it does not heed.
      if (lines === null) continue;
      const ours = requirementLines(own!, env);
      expect(ours.map((line) => [line.number, line.text])).toEqual(lines.map(([number, line]) => [number, line]));
      for (const [at, [, , trusted]] of lines.entries()) {
        const found = longOptionValues(lineWords(ours[at]!.text), "--trusted-host");
        for (const host of trusted ?? []) expect(found).toContain(host);
        hosts += trusted?.length ?? 0;
      }
    }
    expect(hosts).toBeGreaterThan(40);
  },
  60_000,
);
