import { expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../../src/server/store/store.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

test("keys of the same second, or added after the clock went back, are listed in the order in which they were added", async () => {
  const now = 1_800_000_000;
  const path = join(tempFolderUntil(onTestFinished), "vouch.db");
  const store = await openStore(`sqlite:${path}`, { create: true, now });
  const user = await store.accounts.invite("dev@example.com", "code", now, now + 10);
  for (const [index, id] of ["c", "a", "d", "b"].entries()) {
    await store.credentials.add({
      id,
      userId: user.id,
      publicKey: new Uint8Array([1]),
      counter: 0,
      aaguid: "07070707-0707-0707-0707-070707070707",
      product: undefined,
      transports: ["usb"],
      backupEligible: false,
      backedUp: false,
      name: id,
      createdAt: index < 3 ? now : now - 60,
      lastUsedAt: undefined,
    });
  }
  const lists = [store.credentials.ofUser(user.id), store.credentials.all(), store.credentials.between("", user.email)];
  for (const list of lists) expect((await list).map(({ id }) => id)).toEqual(["c", "a", "d", "b"]);
  await store.close();
});
