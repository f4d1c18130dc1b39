/** docs/getting-started.md, "One machine": on an empty machine, from nothing to the first person and their first package. */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ended } from "../../laptop.ts";
import { requires, requiresEmptyMachine } from "../../requires.ts";
import { myLib } from "../../sandbox/packages.ts";
import { currentAwsCli } from "../../server/command/aws-account/aws-cli.ts";
import { bootMachine } from "../recovery/booted-machine.ts";
import { startCaddy } from "./caddy.ts";
import { startCompany } from "./company.ts";
import { typedUnder } from "./page.ts";

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0).toReversed()) await each();
});

const programs = requires("bash", "caddy", "curl", "npm", "openssl", "sha256sum", "tar", "useradd");
const aws = currentAwsCli();

describe.skipIf(!requiresEmptyMachine() || !programs || aws === undefined)("on an empty machine", () => {
  test("the commands of one machine lead to the first person, who is an administrator and installs a private package", async () => {
    const company = await startCompany();
    cleanup.push(() => company.stop());
    const { laptop } = company;
    const machine = await bootMachine();
    cleanup.push(() => machine.remove());
    const own = { "127.0.0.1:8787": `${machine.address}:8787` };
    const begun = performance.now();

    await company.installServer(machine);
    expect(await machine.type(typedUnder("Start it", own))).toContain("the server makes it when it starts");
    const authority = await startCaddy(machine, "TLS", own);
    laptop.sandbox.setVouchServer(`https://${machine.address}`, authority);
    expect(await company.makeRoles(aws!)).toContain("arn:aws:iam::123456789012:role/vouch-publisher: made\n");

    const said = await machine.type(typedUnder("The first person"));
    expect(said).toContain("ann@example.com is an administrator.");
    const code = /\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b/.exec(said)![0];
    await company.enrol("On your laptop", async () => code);
    console.log(`From nothing to the first person: ${Math.round((performance.now() - begun) / 1000)} s of commands.`);

    const people = JSON.parse(await machine.type("vouch server users --json")) as object[];
    expect(people).toMatchObject([{ email: "ann@example.com", role: "administrator" }]);
    const project = join(laptop.home, "my-app");
    mkdirSync(project);
    await ended(
      laptop.run(["npm", "install", "my-lib"], {
        cwd: project,
        env: { PATH: `${laptop.shims}:${laptop.env["PATH"]}` },
      }),
    );
    expect(readFileSync(join(project, "node_modules/my-lib/index.js"), "utf8")).toBe(myLib.files["index.js"]!);
  }, 1_200_000);
});
