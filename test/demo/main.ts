/**
 * `npm run demo`: the whole product at work on this machine, told to someone who has never heard of it.
 *   npm run demo -- --keep DIR     leaves every file that it made under DIR
 *   npm run demo -- --shell        opens $SHELL on the demo's laptop before it cleans up
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { scriptOptions } from "../../build/script-options.ts";
import { pipVersion } from "../../src/tools/pip/version.ts";
import { filesContaining } from "../binary/disk.ts";
import { crateProject, crateUserProject, npmProject, npmUserProject } from "../binary/projects.ts";
import { type Laptop, person, registryName, sandboxExecutable, serverUrl, startLaptop } from "../laptop.ts";
import { addPublishRole } from "../sandbox/aws/publish-role.ts";
import { names } from "../sandbox/main.ts";
import { myPackage, seedPackage } from "../sandbox/packages.ts";
import { findPackageManager, type PackageManager } from "../toolchains/toolchains.ts";
import { heading, say, show } from "./narrator.ts";
import { turnedBad } from "./turned-bad.ts";
import { type } from "./typing.ts";

const root = join(import.meta.dir, "../..");
const secrets = /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\./;
const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
const endpointOf = `--domain ${names.domain} --repository ${names.repository}`;
const started = performance.now();

const values = scriptOptions("npm run demo [-- --keep DIR] [--shell]", {
  keep: { type: "string" },
  shell: { type: "boolean" },
});
const keep = values.keep === undefined ? undefined : resolve(values.keep);
if (keep !== undefined && existsSync(keep) && readdirSync(keep).length > 0) {
  console.error(`--keep expects an empty or a new folder, and ${keep} is not empty.`);
  process.exit(2);
}

say(`
Vouch: private packages from AWS CodeArtifact, with the security key in your
pocket and no secret on your disk.

This demo builds vouch and shows a developer's first day with it. Nothing leaves
this machine. Played by programs of this project are:
  - AWS (STS and CodeArtifact), which check every signature and refuse what is wrong,
  - a security key, which wants its PIN and a touch, like a YubiKey on USB.
Real are vouch itself, its server, and this machine's cargo, pip and npm.`);

heading("Build");
const build = Bun.spawnSync([process.execPath, "build.ts", "--sandbox"], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
});
if (build.exitCode !== 0) process.exit(1);
say(`This demo uses dist/sandbox/vouch. It differs from the release, dist/vouch, in one
thing: it finds the security key on a socket instead of USB.`);

const laptop = await startLaptop({
  ...(keep === undefined ? {} : { folder: keep }),
  executable: sandboxExecutable,
  touchDelayMs: 400,
  account: addPublishRole,
});
let exitCode = 1;
try {
  await tell(laptop);
  if (values.shell) await openShell(laptop);
  exitCode = 0;
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await laptop.stop();
}
if (exitCode === 0) {
  say(`\nThe end, after ${Math.round((performance.now() - started) / 1000)} seconds. ${keep === undefined ? "Everything it made was removed (keep it with `npm run demo -- --keep DIR`)." : `Every file it made is in ${keep}.`}
The README says how to install vouch and use it for real.`);
}
process.exit(exitCode);

async function tell(at: Laptop): Promise<void> {
  heading("A company runs a Vouch server, and AWS trusts it");
  say(`It was set up with \`vouch server init\` and runs as \`vouch server run\`. AWS was told
to trust the identity tokens of ${serverUrl} for one role.
An administrator invites a developer:
  $ vouch server invite ${person.email}`);

  heading("Once: enrol the security key");
  show(`vouch enroll --server ${serverUrl} --key-only`, await at.enroll());

  heading("Once: name the role and configure the package managers");
  await type(at, `vouch setup aws --role ${names.roleArn} --region ${names.region}`);
  const registry = isInstalled(at, "cargo") ? ` --registry-name ${registryName}` : "";
  await type(at, `vouch setup codeartifact ${endpointOf}${registry}`);

  heading("Every day: log in, with PIN and touch");
  show("vouch login", await at.login());
  await type(at, "vouch status");

  await cargo(at);
  await pip(at);
  await npm(at);

  heading("What happened behind the scenes");
  const { account } = at.sandbox;
  const count = readdirSync(at.folder, { recursive: true }).length;
  demandNoSecrets(at);
  say(`AWS was asked ${account.calls.AssumeRoleWithWebIdentity} time for role credentials and ${account.calls.GetAuthorizationToken} time for a CodeArtifact token;
the agent kept both in memory, and every package manager got the token from there.
Of the ${count} files and folders that all of this has made, none holds a token.`);

  if (isInstalled(at, "npm")) await turnedBad(at);
  demandNoSecrets(at);

  heading("In the evening");
  await type(at, "vouch logout");
  say("Without a session nobody gets a token, and everyone is told what to do:");
  await type(at, "vouch credential codeartifact", { expect: 4 });
}

function demandNoSecrets({ folder }: Laptop): void {
  const found = filesContaining(folder, secrets);
  if (found.length > 0) throw new Error(`a secret stands in ${found.join(", ")}`);
}

/** Runs the user's shell in the laptop's home folder, with its environment, until the user leaves it. */
async function openShell(at: Laptop): Promise<void> {
  const shell = process.env["SHELL"] || "/bin/sh";
  heading("Go on by hand");
  say(`This is ${shell} in ${at.home}, with sandbox, server and security key running.
  $ vouch login       the PIN is ${person.pin}; the key is touched by itself
  $ vouch server invite ${person.email}       a code for \`vouch enroll --server ${serverUrl}\`
  $ exit              ends the demo
`);
  const env = {
    ...at.env,
    SHELL: shell,
    TERM: process.env["TERM"] ?? "dumb",
    VOUCH_DATABASE: `sqlite:${join(at.folder, "server.db")}`,
  };
  await Bun.spawn([shell], { cwd: at.home, env, stdio: ["inherit", "inherit", "inherit"] }).exited;
}

async function cargo(at: Laptop): Promise<void> {
  heading("cargo: publish a private crate, and build a program that uses it");
  if (passedOver(at, "cargo")) return;
  const crate = crateProject(join(at.home, "my-crate"), "my-crate", registryName);
  await type(at, `cargo publish --allow-dirty --registry ${registryName}`, { cwd: crate });
  const app = crateUserProject(join(at.home, "cargo-app"), "my-crate", registryName);
  await type(at, "cargo build", { cwd: app });
  await type(at, "./target/debug/app", { cwd: app });
}

async function pip(at: Laptop): Promise<void> {
  heading("pip: install a private package");
  if (passedOver(at, "pip")) return;
  say("(A colleague has published my-package.)");
  await seedPackage(at.sandbox.registries, "pypi", myPackage);
  const cwd = join(at.home, "pip-app");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "requirements.txt"), "my-package\n");
  const installed = pipVersion(at.env);
  if (installed?.asksKeyring) {
    await type(at, `pip install my-package --target from-url --no-cache-dir --index-url ${index}`, { cwd });
    await type(at, "pip install -r requirements.txt --target site", { cwd });
  } else {
    say(
      `(pip ${installed?.version} asks no keyring program, as pip 23.1 and later do: vouch exec gives it the token.)`,
    );
    await type(at, "vouch exec -- pip install -r requirements.txt --target site", { cwd });
  }
}

async function npm(at: Laptop): Promise<void> {
  heading("npm: publish a private package, and install it");
  if (passedOver(at, "npm")) return;
  await type(at, "npm publish", { cwd: npmProject(join(at.home, "my-lib"), "my-lib") });
  const app = npmUserProject(join(at.home, "npm-app"), "my-lib");
  await type(at, "npm install", { cwd: app });
  await type(at, `node --print 'require("my-lib")'`, { cwd: app });
}

function isInstalled(at: Laptop, name: PackageManager): boolean {
  return findPackageManager(name, at.env) !== undefined;
}

function passedOver(at: Laptop, name: PackageManager): boolean {
  if (isInstalled(at, name)) return false;
  say(`${name} is not installed on this machine (or does not work): passed over.`);
  return true;
}
