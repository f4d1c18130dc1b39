/**
 * docs/getting-started.md, "Three replicas": on empty machines, with PostgreSQL, Caddy and npm's oidc-provider, to the
 * first person, who comes by single sign-on.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { person, serverUrl } from "../../laptop.ts";
import { requires, requiresEmptyMachine } from "../../requires.ts";
import { currentAwsCli } from "../../server/command/aws-account/aws-cli.ts";
import { requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { oidcClientSecret, requiresOidcProvider, startOidcProvider } from "../../server/sso/start-oidc-provider.ts";
import { type BootedMachine, bootMachine } from "../recovery/booted-machine.ts";
import { startCaddy } from "./caddy.ts";
import { startCompany } from "./company.ts";
import { typedUnder } from "./page.ts";
import { signOn, startPublicBrowser } from "./sign-on.ts";

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0).toReversed()) await each();
});

/** Keeps what is to be stopped at the end. */
function kept<Thing>(thing: Thing, stop: (thing: Thing) => Promise<void>): Thing {
  cleanup.push(() => stop(thing));
  return thing;
}

async function boot(): Promise<BootedMachine> {
  return kept(await bootMachine(), (machine) => machine.remove());
}

const programs = requires("bash", "caddy", "chromium", "createdb", "curl", "openssl", "psql", "sha256sum", "tar");
const aws = currentAwsCli();
const isPossible = requiresEmptyMachine() && programs && requiresPostgres() && requiresOidcProvider();

describe.skipIf(!isPossible || aws === undefined)("on empty machines", () => {
  test("the commands of three replicas lead to the first person, by single sign-on from laptop and page", async () => {
    const postgres = kept(await startPostgres({}, "postgres"), (each) => each.remove());
    const provider = kept(await startOidcProvider(serverUrl), (each) => each.stop());
    const company = kept(await startCompany(), (each) => each.stop());
    const { laptop } = company;
    const [first, second, third, balancer] = await Promise.all([boot(), boot(), boot(), boot()]);
    const replicas = [first, second, third];
    const begun = performance.now();

    Object.assign(first.env, { PGHOST: "127.0.0.1", PGPORT: `${postgres.port}`, PGUSER: "postgres" });
    await first.type(typedUnder("The database"));
    await first.type(typedUnder("Secrets"));
    writeFileSync(join(first.home, "sso-client-secret"), `${oidcClientSecret}\n`);
    for (const machine of replicas) {
      await company.installServer(machine);
      await machine.type("mkdir -p /etc/vouch");
      for (const name of ["database-password", "kek", "sso-client-secret"]) {
        const secret = readFileSync(join(first.home, name));
        writeFileSync(join(machine.root, "etc/vouch", name), secret, { mode: 0o600 });
      }
      const checked = await machine.type(
        typedUnder("Each replica", {
          "db.example.com": `127.0.0.1:${postgres.port}`,
          "0.0.0.0:8787": `${machine.address}:8787`,
          "https://login.example.com/realms/staff": provider.issuer,
        }),
      );
      expect(checked).toContain(`in use by a server for ${serverUrl} that runs`);
      expect(checked).not.toMatch(/^(warning|error)/m);
      // Each command that is typed has a shell of its own here.
      machine.env["VOUCH_DATABASE_PASSWORD_FILE"] = "/etc/vouch/database-password";
      machine.env["VOUCH_SERVER_SSO_CLIENT_SECRET_FILE"] = "/etc/vouch/sso-client-secret";
    }
    const places = Object.fromEntries(replicas.map(({ address }, index) => [`10.0.0.1${index + 1}`, address]));
    const authority = await startCaddy(balancer, "The load balancer", places);
    laptop.sandbox.setVouchServer(`https://${balancer.address}`, authority);
    await company.makeRoles(aws!);
    await second.type(typedUnder("Roles and what laptops use"));

    const browser = kept(await startPublicBrowser(balancer.address, authority), (each) => each.close());
    const screen = await company.enrol("The first sign-on", async () => {
      const tab = await signOn(browser, "/enroll", "ann");
      const code = /\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b/.exec(await tab.text())?.[0];
      expect(await tab.text()).toContain("For ann@example.com");
      return code!;
    });
    console.log(`From nothing to the first person: ${Math.round((performance.now() - begun) / 1000)} s of commands.`);
    expect(screen).toContain(`${serverUrl}/enroll`);
    expect(await third.type(typedUnder("Your role"))).not.toContain("no security key yet");
    const people = JSON.parse(await first.type("vouch server users --json")) as object[];
    expect(people).toMatchObject([{ email: "ann@example.com", role: "administrator" }]);
    // The person whom the page knows is the one with the key, and sees that they administer.
    const page = await signOn(browser, "/", "ann");
    expect(await page.text()).toMatch(/Admin[^]*ann@example\.com[^]*signed in by single sign-on/);

    await first.type("systemctl stop vouch-server");
    const login = await laptop.atTerminal(["login"], async ({ see, type }) => {
      await see("PIN");
      type(`${person.pin}\r`);
    });
    expect(login.exitCode).toBe(0);
  }, 1_200_000);
});
