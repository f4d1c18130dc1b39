/** A server that takes attested keys only, and what a person sees of it. */
import "reflect-metadata";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Laptop, startLaptop } from "../../laptop.ts";
import { issue, type Issued } from "../../server/policy/authority.ts";

let laptop: Laptop;
let root: Issued;
beforeAll(async () => {
  root = await issue({ isCa: true });
  laptop = await startLaptop();
  const roots = join(laptop.folder, "roots.pem");
  writeFileSync(roots, root.pem);
  await laptop.stopServer();
  await laptop.startServer("--attestation", "roots", "--attestation-roots", roots);
  await laptop.startAgent();
});
afterAll(async () => await laptop.stop());

test("a key that nobody attests is refused with the reason, and one of a trusted vendor is enrolled and shown as proved", async () => {
  const { key } = laptop;
  const refused = await laptop.enroll().catch((error: Error) => error.message);
  expect(refused).toContain("its model is not proved: it has no attestation by its vendor");
  key.settings.attestation = await issue({ issuer: root, aaguid: key.settings.aaguid });
  await laptop.enroll();
  await laptop.login();
  const { stdout } = await laptop.vouch("keys", "list");
  expect(stdout).toMatch(/Example Security Key +proved/);
  expect(stdout).not.toContain("CLAIMED");
  const [shown] = JSON.parse((await laptop.vouch("keys", "list", "--json")).stdout);
  expect(shown).toMatchObject({ model: "Example Security Key", modelAttested: true });
});
