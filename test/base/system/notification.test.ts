/** Notifications on a real notification server, and where there is none. */
import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { showNotification } from "../../../src/base/system/notification.ts";
import { hasDesktop, startDesktop } from "../../desktop.ts";
import { tempFolder } from "../../temp-folder.ts";

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(50);
}

test.skipIf(!hasDesktop)(
  "a notification stands on the desktop until it is taken away, and a stranger's markup is text in it",
  async () => {
    await using desktop = await startDesktop();
    const body = "-x asks to publish <b>&amp;\u001b[31m\u202e $(touch x) to my-domain/my-repo.";
    const withdraw = await showNotification({ summary: "--touch", body }, desktop.env);
    expect(await desktop.displayed()).toBe(1);
    withdraw();
    await until(async () => (await desktop.displayed()) === 0);
    const [shown] = await desktop.history();
    expect(shown!.summary).toBe("--touch");
    // dunst keeps what it was sent: the markup of the text is escaped there.
    expect(shown!.body).toContain("&lt;b&gt;&amp;amp;");
    // oxlint-disable-next-line no-control-regex
    expect(shown!.body).not.toMatch(/[\u0000-\u001f\u202e]/);
  },
  60_000,
);

test("with libnotify's program alone the texts are arguments of their own behind the options", async () => {
  using folder = tempFolder();
  const program = join(folder.path, "notify-send");
  writeFileSync(program, `#!/bin/sh\nprintf '<%s>' "$@" > '${folder.path}/words'\n`);
  chmodSync(program, 0o755);
  const env = { PATH: folder.path, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" };
  await showNotification({ summary: "-a", body: "<i>" }, env, "linux");
  const words = () => Bun.file(join(folder.path, "words")).text();
  expect(await words()).toBe("<--app-name=Vouch><--expire-time=20000><--><-a><&lt;i&gt;>");
  await showNotification({ summary: "-a", body: "<i>", stays: true }, env, "linux");
  expect(await words()).toContain("<--expire-time=0>");
});

test.each([
  ["no session bus", {}],
  ["a bus that is not there", { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" }],
])("nothing happens with %s", async (_, env) => {
  const withdraw = await showNotification({ summary: "a", body: "b" }, { PATH: process.env["PATH"], ...env }, "linux");
  expect(withdraw).not.toThrow();
});
