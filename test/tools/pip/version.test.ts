import { afterAll, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { oldPip, parsePipVersion } from "../../../src/tools/pip/version.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

test.each<[text: string, version: string | undefined, asks: boolean | undefined, asksBare: boolean | undefined]>([
  ["pip 20.0.2 from /usr/lib/python3/dist-packages/pip (python 3.8)", "20.0.2", false, false],
  ["pip 23.0.1 from /usr/lib/python3/dist-packages/pip (python 3.11)", "23.0.1", false, false],
  ["pip 23.1 from /x (python 3.11)", "23.1", true, false],
  ["pip 23.1b1 from /x (python 3.11)", "23.1b1", true, false],
  ["pip 26.1.2 from /x (python 3.14)", "26.1.2", true, false],
  ["pip 26.2 from /x (python 3.14)", "26.2", true, true],
  ["pip 27.0 from /x (python 3.14)", "27.0", true, true],
  ["pip 26.3 from /x (python 3.14)", "26.3", true, true],
  ["pyenv: pip: command not found", undefined, undefined, undefined],
  ["", undefined, undefined, undefined],
])('the version of pip is read from "%s"', (text, version, asksKeyring, asksWithoutUserName) => {
  const parsed = parsePipVersion(text);
  expect(parsed?.version).toBe(version);
  expect(parsed?.asksKeyring).toBe(asksKeyring);
  expect(parsed?.asksWithoutUserName).toBe(asksWithoutUserName);
});

test("the pip on PATH is asked, and one that is too old is named with what to do", () => {
  const pip = (version: string) => {
    writeFileSync(join(folder, "pip"), `#!/bin/sh\necho "pip ${version} from /x (python 3.11)"\n`);
    chmodSync(join(folder, "pip"), 0o755);
  };
  expect(oldPip({ PATH: folder })).toBeUndefined();
  pip("23.0.1");
  expect(oldPip({ PATH: folder })).toMatchObject({
    found: expect.stringContaining("pip 23.0.1 asks no keyring"),
    remedy: expect.stringContaining("vouch exec -- pip install"),
  });
  pip("24.0");
  expect(oldPip({ PATH: folder })).toBeUndefined();
});

test("a pip whose interpreter is gone gives no version, and is no obstacle", () => {
  writeFileSync(join(folder, "pip"), "#!/nowhere/python\n");
  chmodSync(join(folder, "pip"), 0o755);
  expect(oldPip({ PATH: folder })).toBeUndefined();
});
