import { expect, test } from "bun:test";
import { alignedCommands } from "../../../../../../src/cli/commands/setup/codeartifact/outcome/report.ts";

/** Without what becomes bold on a terminal. */
const plain = (line: string) => line.replaceAll(/\u{e000}[0-9a-f-]{36}:\d+;/gu, "");

test("the words beside commands stand in one column, those of a long command below it", () => {
  const long = `gem push --host https://${"d".repeat(60)}.example/ruby/my-repo FILE.gem`;
  const lines = alignedCommands([
    ["gem install GEM", "install"],
    [long, "publish yours"],
    ["mvn package", "use packages"],
  ]).map(plain);
  expect(lines).toEqual([
    "  gem install GEM  install",
    `  ${long}`,
    "                   publish yours",
    "  mvn package      use packages",
  ]);
  expect(alignedCommands([[long, "publish yours"]]).map(plain)).toEqual([`  ${long}`, "    publish yours"]);
  expect(alignedCommands([])).toEqual([]);
});
