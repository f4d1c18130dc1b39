/** A day with the release executable: enrol, log in, get a token; by /dev/hidraw0 and with a PIN typed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cargoGet, executable, type Laptop } from "../../laptop.ts";
import { type DeskKey, enroll, givePin, plugIn, startDesk, type } from "./desk.ts";

let laptop: Laptop;
let key: DeskKey;

beforeAll(async () => {
  key = await plugIn();
  laptop = await startDesk();
  await laptop.startAgent();
});

afterAll(async () => {
  await laptop.stop();
  await key[Symbol.asyncDispose]();
});

test("enrol, set up, log in, get a token", async () => {
  const enrolled = await enroll(laptop, givePin);
  expect(enrolled).toMatchObject({ exitCode: 0, restored: true });
  await laptop.setUpAws();
  const loggedIn = await type(laptop, ["login"], givePin);
  expect(loggedIn).toMatchObject({ exitCode: 0, restored: true });
  await laptop.setUpRepository();
  const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  expect(stdout).toContain("vouch-sandbox-token");
});
