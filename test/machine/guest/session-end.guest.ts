/** A session that ends when its key is taken out, with keys that a kernel knows. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { executable, type Laptop } from "../../laptop.ts";
import { type DeskKey, enroll, givePin, plugIn, SLOW_MS, startDesk, type, until } from "./desk.ts";

let laptop: Laptop;
let key: DeskKey;

beforeAll(async () => {
  key = await plugIn();
  laptop = await startDesk();
  await laptop.startAgent();
  await enroll(laptop, givePin);
  await laptop.run([executable, "setup", "session", "--end-on", "key-removal"]);
});

afterAll(async () => {
  await laptop.stop();
  await key[Symbol.asyncDispose]();
});

interface Status {
  session: object | null;
  ended: string | null;
  endOn: object[];
}

async function status(): Promise<Status> {
  return JSON.parse((await laptop.run([executable, "status", "--json"])).stdout) as Status;
}

async function untilEnded(): Promise<void> {
  const deadline = Date.now() + SLOW_MS;
  while ((await status()).ended !== "key_removed") {
    if (Date.now() > deadline) throw new Error(`Expected the session's end, got ${JSON.stringify(await status())}`);
  }
}

test("another key comes and goes, and the session stays; its own key goes, and it ends", async () => {
  expect(await type(laptop, ["login"], givePin)).toMatchObject({ exitCode: 0 });
  {
    await using other = await plugIn({ product: "Other Key" });
    expect(other.path).toBe("/dev/hidraw1");
  }
  const { session, endOn } = await status();
  expect(session).not.toBeNull();
  expect(endOn).toEqual([{ on: "key-removal", failure: null }]);
  await key.unplug();
  await untilEnded();
  await key.plugIn();
});

test("a key that is out and in again at once, under the same name, has been taken out", async () => {
  expect(await type(laptop, ["login"], givePin)).toMatchObject({ exitCode: 0 });
  const before = key.path;
  await key.unplug();
  await key.plugIn();
  await until(() => key.path === before);
  await untilEnded();
});
