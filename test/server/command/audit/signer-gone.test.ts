/** `vouch server audit verify` after a signing key left: it waits for the next checkpoint of a server that runs. */
import { expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { tempFolderUntil } from "../../../temp-folder.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;

test("a key that is taken out of the JWKS while a server runs leaves the audit log whole", async () => {
  const folder = tempFolderUntil(onTestFinished);
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    NO_COLOR: "1",
    VOUCH_DATABASE: `sqlite:${join(folder, "vouch.db")}`,
  };
  const start = (...args: string[]) =>
    Bun.spawn([process.execPath, main, "server", ...args], { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const vouch = async (...args: string[]) => {
    const child = start(...args);
    const [stdout] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, stdout };
  };
  const verify = async () => JSON.parse((await vouch("audit", "verify", "--json")).stdout);
  await vouch("init", "--url", "https://vouch.example.com");
  const server = start("run", "--listen", "127.0.0.1:0");
  onTestFinished(() => server.kill("SIGKILL"));
  await server.stdout.getReader().read();
  let leaked: string | undefined;
  while (leaked === undefined) leaked = (await verify()).newest?.kid;
  expect((await vouch("signing-keys", "rotate", "--now")).code).toBe(0);
  expect((await vouch("signing-keys", "retire", leaked, "--now")).code).toBe(0);
  const after = await verify();
  expect(after).toMatchObject({ isWhole: true, problems: [] });
  expect(after.newest.kid).not.toBe(leaked);
  expect(after).not.toHaveProperty("isSignerGone");
});
