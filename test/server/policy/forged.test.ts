/** Forged and unwanted attestations: each is refused with its reason, in the answer and in the audit log. */
import "reflect-metadata";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCertificate } from "../../../src/server/policy/certificate.ts";
import type { PolicyRules } from "../../../src/server/policy/judgement.ts";
import { noRules } from "../../../src/server/policy/policy.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { type Issued, issue, withChain } from "./authority.ts";
import { makeBlob, metadataService } from "./blob.ts";
import { chain, leaf, type Make, models } from "./forgeries.ts";
import { type Authorities, bytes, entriesFor, makeAuthorities, text } from "./vendors.ts";

const folder = tempFolderUntil(afterAll);

let authorities: Authorities;
const servers: Record<string, TestServer> = {};

beforeAll(async () => {
  authorities = await makeAuthorities();
  const service = await metadataService();
  const blob = join(folder, "blob.jwt");
  writeFileSync(blob, makeBlob(service, { entries: entriesFor(authorities) }));
  const trust = (issued: Issued) => [readCertificate(issued.certificate)];
  const start = async (rules: Partial<PolicyRules>, hasMetadata: boolean) =>
    startTestServer({
      rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 },
      attestation: {
        rules: { ...noRules, ...rules },
        source: hasMetadata ? { location: blob, roots: trust(service.root) } : undefined,
      },
    });
  const certified = { demand: "certified", certified: "FIDO_CERTIFIED_L2" } as const;
  servers["certified"] = await start(certified, true);
  servers["listed"] = await start({ ...certified, allow: new Set([text(7)]) }, true);
  servers["unready"] = await start(certified, false);
  servers["roots"] = await start(
    { demand: "roots", roots: [...trust(authorities.root), ...trust(authorities.ended)] },
    false,
  );
  servers["open"] = await start({ deny: new Set([text(30)]) }, true);
  for (const name of ["certified", "listed", "open"]) {
    expect(servers[name]!.logs).toMatchObject([{ event: "attestation_metadata_changed" }]);
  }
});
afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop();
});

type Row = [server: string, what: string, make: Make, reason: string];

const rowsFor = (server: string, forgeries: typeof chain) =>
  forgeries.map(([what, make, reason]): Row => [server, what, make, reason]);

const rows: Row[] = [
  ...rowsFor("certified", chain),
  ...rowsFor("certified", models),
  ...rowsFor("roots", chain.slice(0, 20)),
  [
    "roots",
    "a certificate for another model",
    leaf({ aaguid: bytes(8) }),
    "its attestation certificate is for another model",
  ],
  ["listed", "a model that is not on the list", leaf({}, 22), "its model is not proved"],
  [
    "listed",
    "a certified model that is not on the list",
    (at) => ({ aaguid: bytes(0), attestation: { ...at.u2f, format: "fido-u2f" } }),
    "is not among those that this server takes",
  ],
  ["unready", "a good key while there are no metadata", leaf(), "the server has no FIDO metadata yet"],
  ["open", "a model that is denied", () => ({ aaguid: bytes(30) }), "is one that this server does not take"],
  ["open", "a revoked model where nothing is demanded", () => ({ aaguid: bytes(8) }), "the FIDO metadata say REVOKED"],
];

test("there are more than sixty", () => {
  expect(rows.length).toBeGreaterThan(80);
  expect(new Set(rows.map(([server, what]) => `${server} ${what}`)).size).toBeGreaterThan(80);
});

describe("the server refuses to enrol", () => {
  test.each(rows)("(%s) %s", async (name, _what, make, reason) => {
    const server = servers[name]!;
    // The log of refusals begins anew: of many about one person it counts the rest.
    server.advance(301);
    const { status, body } = await server.enroll(new TestSecurityKey(), await make(authorities));
    expect({ status, code: body.error?.code }).toEqual({ status: 403, code: "enrollment_denied" });
    expect(body.error.message).toContain(reason);
    if (body.error.message.includes("is not proved")) expect(body.error.hint).toContain("Ask your administrator");
    const entries = await server.store.audit.page({ time: 0, chain: "", number: 0 }, server.now() + 1, 10_000);
    expect(entries.at(-1)).toMatchObject({ event: "refuse", reason: expect.stringContaining(reason) });
  });
});

const good: [server: string, what: string, make: Make, proof: object | undefined][] = [
  [
    "certified",
    "a key of the model",
    leaf(),
    {
      by: "metadata",
      model: "Example Security Key 5",
      aaguid: text(7),
      hardware: true,
      certified: ["FIDO_CERTIFIED_L2"],
    },
  ],
  [
    "certified",
    "a key with an intermediate",
    async (at) => ({ attestation: withChain(await issue({ issuer: at.intermediate }), at.intermediate) }),
    { by: "metadata" },
  ],
  [
    "certified",
    "a key with its whole chain",
    async (at) => ({ attestation: withChain(await issue({ issuer: at.intermediate }), at.intermediate, at.root) }),
    { by: "metadata" },
  ],
  ["certified", "a key whose certificate has no AAGUID", leaf({ aaguid: null }), { by: "metadata" }],
  ["certified", "a key with an RSA attestation key", leaf({ algorithm: "RSA-2048" }), { by: "metadata" }],
  ["certified", "a key with an attestation key on Ed25519", leaf({ algorithm: "Ed25519" }), { by: "metadata" }],
  ["certified", "a key of another batch than the compromised one", leaf({}, 20), { by: "metadata" }],
  [
    "certified",
    "a U2F statement of a known certificate",
    (at) => ({ aaguid: bytes(0), attestation: { ...at.u2f, format: "fido-u2f" } }),
    { by: "metadata" },
  ],
  ["listed", "a model on the list", leaf(), { by: "metadata" }],
  [
    "roots",
    "a key of a model that nobody knows",
    leaf({}, 99),
    { by: "root", model: "Example Security Key", hardware: true },
  ],
  ["open", "a key that claims its model", () => ({}), undefined],
  ["open", "a key whose model is proved", leaf(), { by: "metadata" }],
  [
    "open",
    "a key with another root",
    async (at) => ({ attestation: await issue({ issuer: at.otherRoot }) }),
    undefined,
  ],
];

test.each(good)("the server (%s) enrols %s", async (name, _what, make, proof) => {
  const server = servers[name]!;
  const key = new TestSecurityKey();
  expect((await server.enroll(key, await make(authorities))).status).toBe(200);
  const { credential } = (await server.store.credentials.find(key.id))!;
  if (proof === undefined) expect(credential.proof).toBeUndefined();
  else expect(credential.proof).toMatchObject(proof);
});
