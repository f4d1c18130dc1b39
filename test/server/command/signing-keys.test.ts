/** `vouch server signing-keys …` as processes, beside a server that runs. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const database = `sqlite:${join(folder, "vouch.db")}`;
const day = 24 * 3600;

function start(...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: database };
  return Bun.spawn([process.execPath, main, "server", ...args], { env, cwd: folder, stdout: "pipe", stderr: "pipe" });
}

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

const list = async (): Promise<{ kid: string; state: string; publishedAt: number; signsFrom: number }[]> =>
  JSON.parse((await vouch("signing-keys", "list", "--json")).stdout);
const states = async () => (await list()).map(({ kid, state }) => [kid, state]);

let server: ReturnType<typeof start>;
let address: string;
beforeAll(async () => {
  await vouch("init", "--url", "https://vouch.example.com");
  server = start("run", "--listen", "127.0.0.1:0", "--rotate-every", "90d");
  const { value } = await server.stdout.getReader().read();
  address = /listening on (\S+)\n/.exec(Buffer.from(value!).toString())![1]!;
});
afterAll(async () => {
  server.kill();
  await server.exited;
});
const published = async () =>
  ((await (await fetch(`${address}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }).keys.map(
    ({ kid }) => kid,
  );

test("list, rotate and retire keys, which a running server follows; in an emergency at once", async () => {
  const [first] = await list();
  expect(first).toMatchObject({ state: "signing", publishedAt: first!.signsFrom });
  expect((await vouch("signing-keys", "list")).stdout).toMatch(
    /^KEY +STATE +PRIVATE PART\n\S{43} {2}signing since \d{4}-\d\d-\d\d [\d:]+ UTC {2}in clear text\n$/,
  );

  const rotated = await vouch("signing-keys", "rotate", "--json");
  expect(rotated).toMatchObject({ code: 0, stderr: "" });
  const waiting = JSON.parse(rotated.stdout);
  expect(waiting).toMatchObject({ previous: first!.kid, withdrawn: [] });
  expect(waiting.signsFrom - waiting.publishedAt).toBe(day);
  expect(await states()).toEqual([
    [waiting.kid, "published"],
    [first!.kid, "signing"],
  ]);
  while ((await published()).join() !== `${waiting.kid},${first!.kid}`) await Bun.sleep(50);
  expect((await vouch("signing-keys", "list")).stdout).toMatch(
    /^KEY .*\n\S+ {2}published, signs from .*\n\S+ {2}signing since .*, until [^\n]*  in clear text\n$/,
  );

  const again = await vouch("signing-keys", "rotate");
  expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("is waiting to sign already") });
  const refused = await vouch("signing-keys", "retire", first!.kid, "--now");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("signing-keys rotate") });

  const emergency = await vouch("signing-keys", "rotate", "--now");
  expect(emergency).toMatchObject({ code: 0, stderr: "" });
  expect(emergency.stdout).toContain(`${waiting.kid} was waiting to sign, and was removed.`);
  expect(emergency.stdout).toContain("How long AWS caches is not documented");
  expect(emergency.stdout).toContain(`\n   vouch server signing-keys retire ${first!.kid} --now\n`);
  const kid = emergency.stdout.split(" ")[0]!;
  expect(await states()).toEqual([
    [kid, "signing"],
    [first!.kid, "retired"],
  ]);
  const ended = await vouch("signing-keys", "retire", first!.kid, "--now");
  expect(ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("take it out of their JWKS within 5 seconds"),
  });
  while ((await published()).join() !== kid) await Bun.sleep(50);

  const next = JSON.parse((await vouch("signing-keys", "rotate", "--json")).stdout);
  expect(JSON.parse((await vouch("signing-keys", "retire", next.kid, "--json")).stdout)).toEqual({
    kid: next.kid,
    was: "published",
  });
  expect(await states()).toEqual([[kid, "signing"]]);
});

test.each<[string, string[], number, string]>([
  ["a key that there is not", ["signing-keys", "retire", "nothing"], 1, "There is no signing key"],
  ["no key", ["signing-keys", "retire"], 2, "KID"],
  ["an interval shorter than a key is published", ["run", "--rotate-every", "1d"], 2, "signing-keys rotate --now"],
  ["an interval that is none", ["run", "--rotate-every", "soon"], 2, "at least 2d"],
])("refuse %s", async (_title, args, code, words) => {
  expect(await vouch(...args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(words) });
});
