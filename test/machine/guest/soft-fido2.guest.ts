/** An authenticator of other people, with its own CTAPHID, CBOR and device: Vouch must take it as it is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cargoGet, executable, type Laptop } from "../../laptop.ts";
import { enroll, nobody, runClient, startDesk, type, until } from "./desk.ts";
import { findSoftFido2 } from "./third-party.ts";

const device = "/dev/hidraw0";
const softFido2 = findSoftFido2();
if (softFido2 === undefined) {
  console.warn(
    "SKIPPED: needs soft-fido2's virtual_authenticator in .tools/soft-fido2; .ci/run shows how it gets there.",
  );
}

let laptop: Laptop;

beforeAll(async () => {
  if (softFido2 !== undefined) laptop = await startDesk();
});
afterAll(() => laptop?.stop());

test.skipIf(softFido2 === undefined)("soft-fido2 enrols, logs in twice and gets a token", async () => {
  await using _ = await plugInSoftFido2();
  expect(await runClient(["fido2-token", "-I", device])).toMatchObject({ exitCode: 0 });
  await laptop.startAgent();
  expect(await enroll(laptop, nobody)).toMatchObject({ exitCode: 0, restored: true });
  await laptop.setUpAws();
  await laptop.setUpRepository("--tool", "cargo");
  expect(await type(laptop, ["login"], nobody)).toMatchObject({ exitCode: 0, restored: true });
  expect(await type(laptop, ["login"], nobody)).toMatchObject({ exitCode: 0, restored: true });
  const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  expect(stdout).toContain("vouch-sandbox-token");
  const list = await type(laptop, ["keys", "list"], nobody);
  expect(list.screen).toContain("Custom FIDO2 Authenticator");
  expect(
    await type(laptop, ["keys", "add", "--name", "again"], async ({ see, type: write }) => {
      await see("press Enter:");
      write("\r");
    }),
  ).toMatchObject({ exitCode: 5, restored: true });
});

async function plugInSoftFido2(): Promise<AsyncDisposable> {
  const child = Bun.spawn([softFido2!], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  await until(() => existsSync(device));
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      await until(() => !existsSync(device));
    },
  };
}
