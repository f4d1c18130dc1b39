/** `vouch server … --config FILE`, as processes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exampleFile } from "../../../src/server/configuration/documentation.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
let database: string;
beforeAll(async () => {
  database = `sqlite:${join(folder, "vouch.db")}`;
  await vouch("init", "--url", "https://vouch.example.com", "--database", database);
});

function start(...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
  return Bun.spawn([process.execPath, main, "server", ...args], { env, cwd: folder, stdout: "pipe", stderr: "pipe" });
}

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

test("the configuration file is read by every command that uses the database, and a flag goes before it", async () => {
  const config = join(folder, "server.toml");
  writeFileSync(config, `database = "sqlite:${join(folder, "named.db")}"\nurl = "https://named.example.com"\n`);
  const made = await vouch("init", "--config", config);
  expect(made.stdout).toContain("The Vouch server for https://named.example.com is ready to run.");
  expect(made.stdout).toContain(`\n   vouch server run --config ${config}\n`);
  expect((await vouch("invite", "dev@example.com", "--config", config)).code).toBe(0);
  expect(JSON.parse((await vouch("users", "--json", "--config", config)).stdout)).toHaveLength(1);
  const other = await vouch("users", "--json", "--config", config, "--database", `sqlite:${join(folder, "none.db")}`);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("none.db") });
  const checked = await vouch("check", "--config", config, "--listen", "127.0.0.1:0", "--json");
  expect({ ...checked, stdout: JSON.parse(checked.stdout) }).toMatchObject({
    code: 0,
    stdout: { ok: true, settings: expect.arrayContaining([{ name: "listen", value: "127.0.0.1:0", from: "flag" }]) },
  });
});

test("a configuration file that is wrong starts no server, and `check` ends with 1", async () => {
  const config = join(folder, "wrong.toml");
  writeFileSync(config, "trust_proxy = true\n");
  for (const command of ["run", "users", "check"]) {
    const { code, stdout, stderr } = await vouch(command, "--config", config, "--database", database);
    expect({ command, code }).toEqual({ command, code: 1 });
    expect(stdout + stderr).toContain("Did you mean trust-proxy?");
  }
});

test("a configuration file that switches something on is overruled by --no-…", async () => {
  const config = join(folder, "proxy.toml");
  writeFileSync(config, "trust-proxy = true\n");
  const headers = { "x-forwarded-for": "192.0.2.7" };
  const addressOf = async (...args: string[]) => {
    const child = start("run", "--listen", "127.0.0.1:0", "--database", database, "--config", config, ...args);
    const { value } = await child.stdout.getReader().read();
    const address = /listening on (\S+)\n/.exec(new TextDecoder().decode(value))![1]!;
    await fetch(`${address}/healthz`, { headers });
    child.kill();
    await child.exited;
    return /"address":"([^"]+)"/.exec(await new Response(child.stderr).text())?.[1];
  };
  expect(await addressOf()).toBe("192.0.2.7");
  expect(await addressOf("--no-trust-proxy")).toBe("127.0.0.1");
});

test("the configuration file is printed with every setting", async () => {
  const { code, stdout, stderr } = await vouch("config", "example");
  expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: exampleFile() });
});
