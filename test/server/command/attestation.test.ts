/** `vouch server attestation` and what `vouch server check` says of the policy. */
import "reflect-metadata";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCertificate } from "../../../src/server/policy/certificate.ts";
import { noRules } from "../../../src/server/policy/policy.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { issue, type Issued } from "../policy/authority.ts";
import { entry, makeBlob, metadataService, type MetadataService } from "../policy/blob.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const path = (name: string) => join(folder, name);
const aaguid = "07070707-0707-0707-0707-070707070707";

let server: TestServer;
let root: Issued;
let service: MetadataService;
const write = (name: string, no: number, status: string, nextUpdate = "2199-01-01") =>
  writeFileSync(
    path(name),
    makeBlob(service, {
      no,
      nextUpdate,
      entries: [
        entry(
          aaguid,
          { statusReports: [{ status: "FIDO_CERTIFIED_L2" }, { status }] },
          { attestationRootCertificates: [root.base64] },
        ),
      ],
    }),
  );

beforeAll(async () => {
  root = await issue({ isCa: true });
  service = await metadataService();
  writeFileSync(path("roots.pem"), root.pem);
  writeFileSync(path("metadata-root.pem"), service.root.pem);
  write("blob.jwt", 10, "UPDATE_AVAILABLE");
  write("revoked.jwt", 11, "REVOKED");
  write("old.jwt", 9, "UPDATE_AVAILABLE");
  write("overdue.jwt", 12, "UPDATE_AVAILABLE", "2020-01-01");
  const source = { location: path("blob.jwt"), roots: [readCertificate(service.root.certificate)] };
  server = await startTestServer({ attestation: { rules: noRules, source } });
  const enroll = async (email: string, twist: Twist, name: string) => {
    const code = await server.invite(email);
    const { ceremony, options } = await server.enrollOptions(code);
    const credential = new TestSecurityKey().register(options, origin, twist);
    expect((await server.post("/v1/enroll", { ceremony, code, credential, name })).status).toBe(200);
  };
  await enroll("both@example.com", { attestation: await issue({ issuer: root }) }, "proved");
  await enroll("both@example.com", {}, "claimed");
  await enroll("none@example.com", { attestation: "none" }, "spare");
  await enroll("gone@example.com", {}, "gone");
  const gone = (await server.store.accounts.findUser("gone@example.com"))!;
  await server.store.accounts.setDisabled(gone.id, server.now());
});
afterAll(async () => await server.stop());

async function vouch(...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
  const database = ["--database", server.database];
  const child = Bun.spawn([process.execPath, main, "server", ...args, ...database], {
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}
const metadata = (name: string) => [
  `--attestation-metadata=${path(name)}`,
  `--attestation-metadata-root=${path("metadata-root.pem")}`,
];

describe("vouch server attestation check", () => {
  test("shows whom certified models would lock out, and ends with 1", async () => {
    const { code, stdout } = await vouch(
      "attestation",
      "check",
      "--json",
      "--attestation",
      "certified",
      ...metadata("blob.jwt"),
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      policy: { attestation: "certified", certified: "FIDO_CERTIFIED_L1" },
      people: 2,
      keys: 3,
      proved: 1,
      refused: [
        { email: "both@example.com", name: "claimed", reason: expect.stringContaining("no attestation by its vendor") },
        { email: "none@example.com", name: "spare", aaguid, reason: expect.stringContaining("is not proved") },
      ],
      lockedOut: ["none@example.com"],
    });
  });

  test("shows it as text, with who has no other key", async () => {
    const { code, stdout } = await vouch(
      "attestation",
      "check",
      "--attestation",
      "roots",
      "--attestation-roots",
      path("roots.pem"),
    );
    expect(code).toBe(1);
    expect(stdout).toContain("policy: one of 1 roots must attest the key; for new keys");
    expect(stdout).toContain("As it is set, these keys stay good");
    expect(stdout).toMatch(/^both@example\.com {2}claimed \S+… {2}its model is not proved: [^\n]*vendor$/m);
    expect(stdout).toMatch(/^none@example\.com {2}spare .* {2}NO OTHER KEY$/m);
    expect(stdout).toContain(
      "3 keys of 2 people: 1 proved, 2 refused.\n1 people would have no key left: none@example.com",
    );
    expect(stdout).not.toContain("gone@example.com");
  });

  test("shows what a newer issue would revoke, and changes nothing", async () => {
    const { code, stdout } = await vouch("attestation", "check", "--json", ...metadata("revoked.jwt"));
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ proved: 0, lockedOut: ["both@example.com", "none@example.com"] });
    expect((await server.store.attestationMetadata.load())?.number).toBe(10);
  });

  test("ends with 0 where nobody is locked out", async () => {
    const { code, stdout } = await vouch("attestation", "check");
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("3 keys of 2 people: 1 proved, 0 refused."),
    });
  });
});

test("vouch server attestation show has the policy and the metadata", async () => {
  const args = ["--attestation", "certified", "--attestation-deny", aaguid, ...metadata("blob.jwt")];
  const { stdout } = await vouch("attestation", "show", ...args);
  expect(stdout).toContain("certified as FIDO_CERTIFIED_L1 or higher; not 1 models; for new keys");
  expect(stdout).toContain("number 10, the next by 2199-01-01; 1 models, 0 of them compromised");
  const json = JSON.parse((await vouch("attestation", "show", "--json", ...args)).stdout);
  expect(json).toMatchObject({
    attestation: "certified",
    deny: [aaguid],
    source: path("blob.jwt"),
    metadata: { number: 10, models: 1, isOutdated: false },
  });
});

test("vouch server users says of each key whether its model is proved", async () => {
  const { stdout } = await vouch("users");
  expect(stdout).toContain("proved (metadata): Example Security Key 5");
  expect(stdout).toContain("claims to be: security key");
  const [both] = JSON.parse((await vouch("users", "--json")).stdout);
  expect(both.credentials).toMatchObject([
    { model: "Example Security Key 5", modelAttested: true, proof: { by: "metadata" } },
    { modelAttested: false, proof: null },
  ]);
});

describe("vouch server check", () => {
  const findings = async (...args: string[]) =>
    (
      JSON.parse((await vouch("check", "--json", ...args)).stdout).findings as {
        check: string;
        level: string;
        message: string;
      }[]
    )
      .filter(({ check }) => check === "attestation")
      .map(({ level, message }) => `${level}: ${message}`);

  test("has nothing to say without a policy", async () => {
    expect(await findings()).toEqual([]);
  });

  test.each([
    [["blob.jwt"], "ok: ", "has number 10 with 1 models, the next by 2199-01-01"],
    [["old.jwt"], "warning: ", "has number 9, and the numbers never go back. The server goes on with number 10."],
    [["overdue.jwt"], "warning: ", "they were to be replaced by 2020-01-01"],
    [["missing.jwt"], "warning: ", "cannot be read: it does not exist"],
  ])("looks at the metadata %j", async ([name], level, message) => {
    const [found = ""] = await findings(...metadata(name!));
    expect(found).toStartWith(level);
    expect(found).toContain(message);
  });

  test("says that a URL was not asked yet, and asks none", async () => {
    const found = await findings("--attestation-metadata", "https://localhost:1/blob");
    expect(found).toEqual([
      expect.stringContaining("warning: The server has no FIDO metadata of https://localhost:1/blob yet"),
    ]);
  });

  test.each([
    [
      ["--attestation", "certified"],
      "Expected attestation certified with attestation-metadata FILE|URL, got it without.",
    ],
    [["--attestation", "roots"], "Expected attestation roots with attestation-roots FILE, got it without."],
    [
      ["--attestation-allow", aaguid],
      "Expected attestation-allow with attestation certified or roots, got it with none.",
    ],
    [
      ["--attestation-metadata-root", "/x.pem"],
      "Expected attestation-metadata-root with attestation-metadata, got it alone.",
    ],
    [["--attestation-roots", "/missing.pem"], "/missing.pem cannot be read: it does not exist."],
    [["--attestation-roots", main], "with 1 to 1000 certificates in PEM, got 0."],
  ])("refuses %j", async (args, message) => {
    expect(await findings(...args)).toEqual([expect.stringContaining(message)]);
    const { code, stderr } = await vouch("run", "--listen", "127.0.0.1:0", ...args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});

test.each([
  [["--attestation", "some"], "Expected --attestation none or certified or roots"],
  [["--attestation-apply", "old"], "Expected --attestation-apply new or all"],
  [["--attestation-certified", "L1"], "Expected --attestation-certified FIDO_CERTIFIED_L1,"],
  [
    ["--attestation-metadata", "http://example.com/blob"],
    "Expected --attestation-metadata with a path or an https URL",
  ],
  [
    ["--attestation-metadata", "https://me:secret@example.com/"],
    "Expected --attestation-metadata with a path or an https URL",
  ],
  [["--attestation-deny", "yubikey"], "Expected --attestation-deny with at most 1000 AAGUIDs"],
])("vouch server attestation show %j is a mistake of usage", async (args, message) => {
  const { code, stderr } = await vouch("attestation", "show", ...args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("secret");
});
