/** Whose token the shims poetry, twine and hatch give, with programs behind them that say what they got. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended, type Laptop, sandboxExecutable, startLaptop } from "../../../laptop.ts";
import { acme, allowSecondAccount, createSecondAccount } from "../../../sandbox/aws/second-account.ts";
import { names } from "../../../sandbox/main.ts";

const otherAccount = createSecondAccount(names.roleArn);

let laptop: Laptop;
let bin: string;
beforeAll(async () => {
  laptop = await startLaptop({
    executable: sandboxExecutable,
    account: allowSecondAccount,
    others: [{ account: otherAccount, region: acme.region }],
  });
  await laptop.getReady("--tool", "cargo");
  const profile = ["--profile", "acme", "--role", acme.roleArn, "--region", acme.region, "--via", names.roleArn];
  await ended(laptop.vouch("setup", "aws", ...profile));
  const where = ["--domain", acme.domain, "--repository", acme.repository, "--profile", "acme"];
  const role = ["--publish-role", acme.publishRoleArn];
  await ended(laptop.vouch("setup", "codeartifact", ...where, ...role, "--tool", "poetry,twine,hatch"));
  bin = join(laptop.folder, "recorder");
  mkdirSync(bin);
  const programs = {
    poetry: 'cat "$POETRY_CONFIG_DIR/config.toml"',
    twine: 'echo "$TWINE_PASSWORD"',
    hatch: 'echo "$HATCH_INDEX_AUTH"',
  };
  for (const [name, command] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${command}\n`);
    chmodSync(join(bin, name), 0o755);
  }
}, 120_000);
afterAll(async () => laptop?.stop());

test.each([
  ["reader", ["poetry", "lock"]],
  ["publisher", ["poetry", "publish", "-r", acme.repository]],
  ["publisher", ["twine", "upload", "-r", acme.repository, "dist/x"]],
  ["publisher", ["hatch", "publish", "-r", acme.repository]],
])("the %s's token is given to %j", async (role, command) => {
  const PATH = [laptop.shims, bin, laptop.env["PATH"]].join(":");
  const stdout = await ended(laptop.runOnTerminal(command, { env: { PATH } }));
  const token = /[\w-]+\.vouch-sandbox-token[\w.-]+/.exec(stdout)?.[0] ?? "";
  expect(otherAccount.verifyToken(token, acme.domain)?.role.name).toBe(`acme-${role}`);
});
