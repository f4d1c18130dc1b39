/** Which folders are refused before anything is written. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkGuestFolder, claimGuestFolder, isSameFolder } from "../../../src/agent/guests/folder.ts";
import { takeLock } from "../../../src/agent/process/lock.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

test.each([
  ["is another guest's", "guest", "guest", "it is, or lies in, the folder of another guest"],
  ["is another guest's, through a link", "link/guest", "guest", "it is, or lies in, the folder of another guest"],
  ["lies in another guest's", "guest/a/b", "guest", "it is, or lies in, the folder of another guest"],
  ["lies in another guest's, through a link", "link/guest/a", "guest", "it is, or lies in, the folder of another"],
  ["holds another guest's", "guest", "link/guest/a/b", "lies in it"],
  ["is the agent's own", "agent", "guest", "it is the agent's own, or that lies in it"],
  ["is that of all guests", "agent/guests", "guest", "it is the agent's own, or that lies in it"],
  ["holds the agent's own", "above", "guest", "it is the agent's own, or that lies in it"],
])("one that %s is refused, though neither is made yet", async (_, folder, other, why) => {
  using place = tempFolder("/tmp");
  const at = (path: string) => join(place.path, path);
  symlinkSync(place.path, at("link"));
  const agentFolder = at(folder === "above" ? "above/agent" : "agent");
  expect(await rejection(() => checkGuestFolder(at(folder), agentFolder, [at(other)]))).toMatchObject({
    code: "agent_untrusted",
    message: expect.stringContaining(why),
  });
  expect(readdirSync(place.path)).toEqual(["link"]);
});

test("one beside another guest's, whose name begins alike, is taken", () => {
  using place = tempFolder("/tmp");
  checkGuestFolder(join(place.path, "guest-2"), join(place.path, "agent"), [join(place.path, "guest")]);
});

test("one that another agent serves is refused, and nothing is in it", async () => {
  using place = tempFolder("/tmp");
  const folder = join(place.path, "guest");
  mkdirSync(folder, { mode: 0o700 });
  const release = takeLock(join(folder, "guest.lock"))!;
  const check = () => checkGuestFolder(folder, join(place.path, "agent"), []);
  expect((await rejection(check)).message).toContain("another agent serves a guest there");
  release();
  check();
  expect(readdirSync(folder)).toEqual(["guest.lock"]);
});

test("one that was released and is used again is not removed", () => {
  using place = tempFolder("/tmp");
  const folder = join(place.path, "guest");
  const claim = () => claimGuestFolder(folder, 0o700, join(place.path, "agent"), []);
  const first = claim();
  first.release();
  const second = claim();
  first.remove();
  expect(existsSync(folder)).toBe(true);
  second.remove();
  expect(existsSync(folder)).toBe(false);
  first.remove();
  expect(existsSync(folder)).toBe(false);
});

test.each([
  ["a", "a", true],
  ["a", "link/a", true],
  ["a", "b", false],
])("%s and %s are the same folder: %p, made or not", (one, other, isSame) => {
  using place = tempFolder("/tmp");
  const [a, b] = [join(place.path, one), join(place.path, other)];
  symlinkSync(place.path, join(place.path, "link"));
  expect(isSameFolder(a, b)).toBe(isSame);
  mkdirSync(a);
  expect(isSameFolder(a, b)).toBe(isSame);
});
