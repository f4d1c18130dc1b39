/** `vouch server admin` and `vouch server users link`, as processes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const database = `sqlite:${join(folder, "vouch.db")}`;
const issuer = "https://login.example.com";

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: database };
  const child = Bun.spawn([process.execPath, main, "server", ...args], { env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

async function recorded(event: string) {
  const { stdout } = await vouch("audit", "--event", event, "--json");
  return (JSON.parse(stdout) as { email: string; detail: object; by: string }[]).map(({ email, detail, by }) => ({
    email,
    detail,
    isBy: by !== "",
  }));
}

beforeAll(async () => {
  await vouch("init", "--url", "https://vouch.example.com");
});

test("the first administrator is made, and told apart from an auditor and a member", async () => {
  expect((await vouch("admin", "list")).stdout).toBe("Nobody yet: vouch server admin add EMAIL\n");
  const made = await vouch("admin", "add", "Ann@example.com");
  expect(made.stdout).toBe(
    "ann@example.com is an administrator.\nThey have no security key yet: vouch server invite ann@example.com\n",
  );
  await vouch("admin", "add", "--auditor", "bob@example.com");
  expect((await vouch("admin", "list")).stdout).toBe("ann@example.com  administrator\nbob@example.com  auditor\n");
  expect((await vouch("admin", "remove", "ann@example.com")).stdout).toBe(
    "ann@example.com is an administrator no more.\n",
  );
  const again = await vouch("admin", "remove", "ann@example.com");
  expect(again.stdout).toBe("ann@example.com was no administrator or auditor.\n");
  expect(JSON.parse((await vouch("admin", "list", "--json")).stdout)).toMatchObject([
    { email: "bob@example.com", role: "auditor" },
  ]);
  expect(await recorded("role_changed")).toEqual([
    { email: "ann@example.com", detail: { from: "member", role: "administrator" }, isBy: true },
    { email: "bob@example.com", detail: { from: "member", role: "auditor" }, isBy: true },
    { email: "ann@example.com", detail: { from: "administrator", role: "member" }, isBy: true },
  ]);
});

test.each([
  ["admin add", ["admin", "add"]],
  ["invite", ["invite"]],
])(
  "%s warns of a sign-on that is refused to whom it makes, once, and only with single sign-on",
  async (name, command) => {
    const email = `${name.replace(" ", "-")}@example.com`;
    const made = await vouch(...command, email, "--sso-issuer", issuer);
    expect(made.stdout).toContain(`\`vouch server users link ${email} --subject SUB --sso-issuer ${issuer}\``);
    expect((await vouch(...command, email, "--sso-issuer", issuer)).stdout).not.toContain("users link");
    expect((await vouch(...command, `other-${email}`)).stdout).not.toContain("users link");
    await vouch("admin", "remove", email);
    await vouch("admin", "remove", `other-${email}`);
  },
);

test("nobody who is disabled or unknown changes their role", async () => {
  await vouch("invite", "off@example.com");
  await vouch("disable", "off@example.com");
  const refused = await vouch("admin", "add", "off@example.com");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("vouch server enable off@example.com") });
  expect((await vouch("users")).stdout).toContain("off@example.com  (DISABLED by an administrator; ");
  await vouch("invite", "leaver@example.com");
  const store = await openStore(database, { create: false, now: 1_800_000_000 });
  const leaver = await store.accounts.findUser("leaver@example.com");
  await store.accounts.setDisabled(leaver!.id, 1_800_000_000, "scim");
  await store.close();
  expect((await vouch("users")).stdout).toContain("leaver@example.com  (DISABLED by SCIM; ");
  const [listed] = JSON.parse((await vouch("users", "--json", "--after", "leaver@example.co")).stdout);
  expect(listed).toMatchObject({ email: "leaver@example.com", disabled: true, disabledBy: "scim" });
  expect((await vouch("admin", "remove", "nobody@example.com")).code).toBe(1);
  expect((await vouch("admin", "list")).stdout).not.toContain("off@example.com");
});

test("an identity is linked to a person who is known, to one at a time, and taken from them", async () => {
  const link = (email: string, ...more: string[]) =>
    vouch("users", "link", email, "--subject", "Sub 1", "--sso-issuer", `${issuer}/`, ...more);
  expect(await link("dev@example.com")).toMatchObject({ code: 1, stderr: expect.stringContaining("no user") });
  await vouch("invite", "dev@example.com");
  await vouch("invite", "other@example.com");
  expect((await link("dev@example.com")).stdout).toBe(`dev@example.com is Sub 1 of ${issuer}.\n`);
  expect((await link("dev@example.com")).code).toBe(0);
  expect(await link("other@example.com")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      `vouch server users unlink dev@example.com --subject 'Sub 1' --sso-issuer ${issuer}/\`.`,
    ),
  });
  const store = await openStore(database, { create: false, now: Math.floor(Date.now() / 1000) });
  expect(await store.identities.find({ issuer, subject: "Sub 1" })).toMatchObject({ email: "dev@example.com" });
  await store.close();
  const unlink = (email: string) => vouch("users", "unlink", email, "--subject", "Sub 1", "--sso-issuer", issuer);
  expect(await unlink("other@example.com")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is no identity of other@example.com"),
  });
  expect((await unlink("nobody@example.com")).code).toBe(1);
  expect((await unlink("dev@example.com")).code).toBe(0);
  expect((await link("other@example.com")).code).toBe(0);
  const detail = { issuer, subject: "Sub 1" };
  expect(await recorded("identity_added")).toEqual([
    { email: "dev@example.com", detail, isBy: true },
    { email: "other@example.com", detail, isBy: true },
  ]);
  expect(await recorded("identity_removed")).toEqual([{ email: "dev@example.com", detail, isBy: true }]);
});

test.each([
  [["--subject", "s"], "--sso-issuer"],
  [["--subject", "s", "--sso-issuer", "http://login.example.com"], "https URL"],
  [["--subject", "a\nb", "--sso-issuer", issuer], "control character"],
])("%p says what was expected", async (args, expected) => {
  const refused = await vouch("users", "link", "dev@example.com", ...args);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(expected) });
});

test("bytes that are no UTF-8 are no subject", async () => {
  const script = `exec "$0" "$@" --subject "$(printf 'a\\377b')"`;
  const command = [process.execPath, main, "server", "users", "link", "dev@example.com", "--sso-issuer", issuer];
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: database };
  const child = Bun.spawn(["sh", "-c", script, ...command], { env, stdout: "pipe", stderr: "pipe" });
  const stderr = await child.stderr.text();
  expect({ code: await child.exited, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("in UTF-8") });
});

test("people are still listed without a subcommand", async () => {
  expect((await vouch("users")).stdout).toContain("ann@example.com");
});
