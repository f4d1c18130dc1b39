/** Other people's clients and our software key: they make and verify, and it refuses what a key must refuse. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../../authenticator/settings.ts";
import { person as owner } from "../../laptop.ts";
import type { Person, TerminalRun } from "../../pty.ts";
import { answering, nobody, plugIn, runClient } from "./desk.ts";
import { findPythonFido2 } from "./third-party.ts";

const { pin } = owner;
const python = findPythonFido2() ?? "python3";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clients-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function client(command: string[], script?: (person: Person) => Promise<void>): Promise<TerminalRun> {
  return runClient(command, script, folder);
}

function write(name: string, ...content: string[]): void {
  writeFileSync(join(folder, name), `${content.join("\n")}\n`);
}

function lines(name: string): string[] {
  return readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
}

const clientDataHash = (text: string): string => createHash("sha256").update(text).digest("base64");

describe("python-fido2", () => {
  const table: [name: string, settings: Partial<Settings>, ...options: string[]][] = [
    ["a key of CTAP 2.1", { minPINLength: 6 }, "--pin", pin],
    ["a key of CTAP 2.0 with protocol one", { ctap: "2.0", protocols: [1], minPINLength: 6 }, "--pin", pin],
    ["a key with a fingerprint sensor", { fingerprint: "matches", pin: undefined }],
    ["a key that speaks only U2F", { ctap: "u2f", pin: undefined }, "--verification", "discouraged"],
  ];
  test.each(table)("%s", async (_, settings, ...options) => {
    await using key = await plugIn(settings);
    const run = await client([python, join(import.meta.dir, "python_fido2.py"), key.path, ...options]);
    expect(run.screen).toContain("found nothing wrong");
    expect(run.exitCode).toBe(0);
  });
});

describe("libfido2", () => {
  test("lists the key and tells what it is", async () => {
    await using key = await plugIn();
    const list = await client(["fido2-token", "-L"]);
    expect(list.screen).toStartWith(`${key.path}: vendor=0x1209, product=0xf1d0`);
    const info = await client(["fido2-token", "-I", key.path]);
    expect(info.exitCode).toBe(0);
    for (const word of ["FIDO_2_1", "clientPin", "pin protocols: 2, 1", "maxmsgsiz: 1200", "pin retries: 8"]) {
      expect(info.screen).toContain(word);
    }
  });

  test("sets a PIN, changes it, and is refused a wrong one", async () => {
    await using key = await plugIn({ pin: undefined });
    const set = answering(["Enter new PIN for", "1234"], ["Enter the same PIN again", "1234"]);
    expect(await client(["fido2-token", "-S", key.path], set)).toMatchObject({ exitCode: 0 });
    const change = (before: string) =>
      answering(["Enter current PIN for", before], ["Enter new PIN for", pin], ["Enter the same PIN again", pin]);
    expect(await client(["fido2-token", "-C", key.path], change("4321"))).toMatchObject({ exitCode: 1 });
    expect(key.key.ctap2.pin.pinRetries).toBe(7);
    expect(await client(["fido2-token", "-C", key.path], change("1234"))).toMatchObject({ exitCode: 0 });
    expect(key.key.ctap2.pin.pinRetries).toBe(8);
  });

  test("lists, counts and deletes stored credentials", async () => {
    await using key = await plugIn();
    const made = key.key.ctap2.credentials.create(
      "example.com",
      { id: Uint8Array.of(1), name: "dev@example.com", displayName: "Dev" },
      true,
      2,
    );
    const withPin = answering(["Enter PIN for", pin]);
    const rps = await client(["fido2-token", "-L", "-r", key.path], withPin);
    expect(rps).toMatchObject({ exitCode: 0, screen: expect.stringContaining("example.com") });
    const credentials = await client(["fido2-token", "-L", "-k", "example.com", key.path], withPin);
    const id = Buffer.from(made.id).toString("base64");
    expect(credentials).toMatchObject({ exitCode: 0, screen: expect.stringContaining(id) });
    const counted = await client(["fido2-token", "-I", "-c", key.path], withPin);
    expect(counted.screen).toMatch(/existing rk\(s\): 1/);
    expect(await client(["fido2-token", "-D", "-i", id, key.path], withPin)).toMatchObject({ exitCode: 0 });
    expect(key.key.ctap2.credentials.all).toEqual([]);
  });

  test("raises the minimum PIN length and demands a new PIN", async () => {
    await using key = await plugIn();
    const withPin = answering(["Enter PIN for", pin]);
    expect(await client(["fido2-token", "-S", "-u", key.path], withPin)).toMatchObject({ exitCode: 0 });
    expect(key.key.settings.alwaysUv).toBe(true);
    expect(await client(["fido2-token", "-S", "-l", "8", key.path], withPin)).toMatchObject({ exitCode: 0 });
    expect(key.key.ctap2.pin.forcePINChange).toBe(true);
    await using other = await plugIn({ product: "Other Key" });
    expect(await client(["fido2-token", "-S", "-f", other.path], withPin)).toMatchObject({ exitCode: 0 });
    expect(other.key.ctap2.pin.forcePINChange).toBe(true);
  });

  test("gets the secret of a credential (hmac-secret)", async () => {
    await using key = await plugIn();
    const withPin = answering(["Enter PIN for", pin]);
    write("secret-param", clientDataHash("made"), "example.com", "dev@example.com", btoa("user"));
    const make = ["fido2-cred", "-M", "-h", "-i", "secret-param", "-o", "secret-cred", key.path];
    expect(await client(make, withPin)).toMatchObject({ exitCode: 0 });
    expect(await client(["fido2-cred", "-V", "-h", "-v", "-i", "secret-cred", "-o", "secret-verified"])).toMatchObject({
      exitCode: 0,
    });
    const [credentialId = ""] = lines("secret-verified");
    const secrets: string[] = [];
    for (const salt of ["a", "a", "b"]) {
      write("secret-assert", clientDataHash("got"), "example.com", credentialId, btoa(salt.repeat(32)));
      const get = ["fido2-assert", "-G", "-h", "-v", "-i", "secret-assert", "-o", "secret-assertion", key.path];
      expect(await client(get, withPin)).toMatchObject({ exitCode: 0 });
      secrets.push(lines("secret-assertion").at(-1)!);
    }
    expect(secrets[1]).toBe(secrets[0]);
    expect(secrets[2]).not.toBe(secrets[0]);
  });

  const keys: [name: string, settings: Partial<Settings>, flags: string[], resident: boolean][] = [
    ["a discoverable credential of CTAP 2.1", {}, ["-r"], true],
    ["another credential of CTAP 2.1", {}, [], false],
    ["a credential of CTAP 2.0 with protocol one", { ctap: "2.0", protocols: [1] }, [], false],
    ["a credential of U2F", { ctap: "u2f", pin: undefined }, [], false],
  ];
  test.each(keys)("makes and verifies %s", async (_, settings, flags, resident) => {
    await using key = await plugIn(settings);
    const hasPin = key.key.settings.pin !== undefined;
    const withPin = (with_: string) => (hasPin ? answering(["Enter PIN for", with_]) : nobody);
    const verified = hasPin ? ["-v"] : [];
    write("cred-param", clientDataHash("made"), "example.com", "dev@example.com", btoa("user"));
    const make = ["fido2-cred", "-M", ...flags, "-i", "cred-param", "-o", "cred", key.path];
    if (hasPin) {
      expect(await client(make, withPin("000000"))).toMatchObject({ exitCode: 1 });
      expect(key.key.ctap2.pin.pinRetries).toBe(7);
    }
    expect(await client(make, withPin(pin))).toMatchObject({ exitCode: 0 });
    const check = await client(["fido2-cred", "-V", ...verified, "-i", "cred", "-o", "verified"]);
    expect(check).toMatchObject({ exitCode: 0 });
    const [credentialId = "", ...publicKey] = lines("verified");
    write("public-key", ...publicKey);
    write("assert-param", clientDataHash("got"), "example.com", ...(resident ? [] : [credentialId]));
    const get = ["fido2-assert", "-G", "-p", ...flags, ...verified, "-i", "assert-param", "-o", "assertion", key.path];
    expect(await client(get, withPin(pin))).toMatchObject({ exitCode: 0 });
    const verify = ["fido2-assert", "-V", "-p", ...verified, "-i", "assertion", "public-key"];
    expect(await client(verify)).toMatchObject({ exitCode: 0, screen: "" });
    const [, ...rest] = lines("assertion");
    write("assertion", clientDataHash("another"), ...rest);
    expect(await client(verify)).toMatchObject({ exitCode: 1 });
  });
});
