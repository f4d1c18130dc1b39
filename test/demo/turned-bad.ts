/** The chapter in which a colleague's package turns bad. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npmProject, npmUserProject } from "../binary/projects.ts";
import type { Laptop } from "../laptop.ts";
import { publishRole, takePublishing } from "../sandbox/aws/publish-role.ts";
import { names } from "../sandbox/main.ts";
import { seedPackage } from "../sandbox/packages.ts";
import { heading, say } from "./narrator.ts";
import { type } from "./typing.ts";

/** Throws if the bad package published anything, or if the touch at the end did not. */
export async function turnedBad(at: Laptop): Promise<void> {
  heading("A colleague's package turns bad");
  say(`Until now one role read and published. The company takes publishing away from it, and has
a second role for it, which AWS gives only for a touch of the security key. It is named once:`);
  takePublishing(at.sandbox.account);
  const repository = `--domain ${names.domain} --repository ${names.repository}`;
  await type(at, `vouch setup codeartifact ${repository} --publish-role ${publishRole.arn} --tool npm`);

  say(`Then somebody steals a colleague's account and publishes my-dates 1.0.1. npm runs its install
script, with all that you may do. It looks for tokens and tries to publish, as the worms of
2025 did; each line below is the script's own:`);
  await seedBadPackage(at);
  const app = npmUserProject(join(at.home, "dates-app"), "my-dates");
  const before = publishedBy(at);
  await type(at, "npm install --foreground-scripts --no-audit --no-fund", { cwd: app, terminal: "none" });
  if (publishedBy(at) !== before) throw new Error("the bad package has published something");

  say(`It found no token lying about, and published nothing. A token to read with it gets for the
asking, as every program of yours while you are logged in: it ends with the session, and
AWS lets it publish nothing. And it has left traces: the last questions, with the programs
that asked (read ← as "was started by"). On a terminal Vouch would have asked you to touch the
key for npm publish: for something that you did not ask for, you do not.`);
  await type(at, "vouch log | head -n 1; vouch log | grep postinstall");

  say(`You publish as ever. Vouch names what asks, on your terminal, and you touch the key:`);
  const library = npmProject(join(at.home, "my-tool"), "my-tool");
  await type(at, "npm publish", { cwd: library, terminal: "own" });
  if (publishedBy(at) !== before + 1) throw new Error("npm publish with a touch has published nothing");
}

async function seedBadPackage({ sandbox }: Laptop): Promise<void> {
  const scripts = { postinstall: "node postinstall.cjs" };
  await seedPackage(sandbox.registries, "npm", {
    name: "my-dates",
    version: "1.0.1",
    manifest: { scripts, hasInstallScript: true },
    files: {
      "package.json": JSON.stringify({ name: "my-dates", version: "1.0.1", scripts }),
      "postinstall.cjs": readFileSync(join(import.meta.dir, "postinstall.cjs"), "utf8"),
    },
  });
}

const publishedBy = ({ sandbox }: Laptop): number =>
  sandbox.answered.filter(({ method, status }) => method === "PUT" && status < 300).length;
