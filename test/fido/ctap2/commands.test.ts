import { describe, expect, test } from "bun:test";
import { encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { getAssertions } from "../../../src/fido/ctap2/get-assertion.ts";
import { getInfo } from "../../../src/fido/ctap2/get-info.ts";
import { makeCredential } from "../../../src/fido/ctap2/make-credential.ts";
import { selection } from "../../../src/fido/ctap2/selection.ts";
import { rejection } from "../../rejection.ts";
import { AnsweringDevice } from "./answering-device.ts";
import vectors from "./vectors/responses.json";

const hex = (text: string) => Uint8Array.fromHex(text);
const clientDataHash = new Uint8Array(32).fill(0xcd);
const cdcd = "cd".repeat(32);
const versions = (...names: string[]) => `00${encodeCbor(new Map([[1, names]])).toHex()}`;

describe("getInfo", () => {
  const expected = {
    versions: ["U2F_V2", "FIDO_2_0"],
    extensions: ["uvm", "hmac-secret"],
    aaguid: hex(vectors.aaguid),
    options: new Map([
      ["rk", true],
      ["up", true],
      ["plat", false],
      ["clientPin", false],
    ]),
    maxMsgSize: 1200,
    pinUvAuthProtocols: [1],
    maxCredentialCountInList: undefined,
    maxCredentialIdLength: undefined,
    transports: [],
    forcePINChange: false,
    minPINLength: 4,
    preferredPlatformUvAttempts: undefined,
    remainingDiscoverableCredentials: undefined,
    algorithms: undefined,
    firmwareVersion: undefined,
    longTouchForReset: false,
    transportsForReset: undefined,
  };

  test.each([["getInfo" as const], ["getInfoWithUnknownMember" as const]])("reads the vector %s", async (name) => {
    const device = new AnsweringDevice(`00${vectors[name]}`);
    expect(await getInfo(device)).toEqual(expected);
    expect(device.sent).toEqual(["04"]);
  });

  test("fills in what an empty answer leaves out", async () => {
    const nothing = { aaguid: new Uint8Array(16), options: new Map(), maxMsgSize: 1024, pinUvAuthProtocols: [] };
    expect(await getInfo(new AnsweringDevice("00"))).toEqual({ ...expected, ...nothing, versions: [], extensions: [] });
  });

  test("assumes protocol one on a key with a PIN that names none", async () => {
    const answer = encodeCbor(new Map([[4, new Map([["clientPin", true]])]])).toHex();
    expect((await getInfo(new AnsweringDevice(`00${answer}`))).pinUvAuthProtocols).toEqual([1]);
  });

  test.each([
    [0, 4],
    [6, 6],
    [63, 63],
    [64, 63],
  ])("reads a minimum PIN length of %i as %i", async (told, minPINLength) => {
    const answer = encodeCbor(new Map([[0x0d, told]])).toHex();
    expect(await getInfo(new AnsweringDevice(`00${answer}`))).toMatchObject({ minPINLength });
  });

  test("ignores members of the wrong kind", async () => {
    const answer = encodeCbor(
      new Map<number, unknown>([
        [1, "FIDO_2_0"],
        [3, new Uint8Array(3)],
        [4, [1]],
        [5, "big"],
        [9, ["usb", 7]],
        [10, [1, new Map()]],
      ]) as never,
    ).toHex();
    expect(await getInfo(new AnsweringDevice(`00${answer}`))).toMatchObject({
      versions: [],
      aaguid: new Uint8Array(16),
      options: new Map(),
      maxMsgSize: 1024,
      transports: ["usb"],
    });
  });
});

describe("makeCredential", () => {
  const request = {
    clientDataHash,
    rp: { id: "example.com", name: "Example" },
    user: { id: hex("01"), name: "dev", displayName: "Dev" },
    algorithms: [-7],
    excludeList: [],
    options: { rk: true, uv: false },
  };

  test("sends the canonical form and reads the answer", async () => {
    const device = new AnsweringDevice(`00${vectors.makeCredential}`);
    const made = await makeCredential(device, request);
    expect(made.fmt).toBe("packed");
    expect(made.authData.subarray(0, 32).toHex()).toBe(vectors.rpIdHash);
    expect([...made.attStmt.keys()]).toEqual(["alg", "sig", "x5c"]);
    expect(device.sent).toEqual([
      `01a5015820${cdcd}` +
        "02a26269646b6578616d706c652e636f6d646e616d65674578616d706c65" +
        "03a36269644101646e616d65636465766b646973706c61794e616d6563446576" +
        "0481a263616c672664747970656a7075626c69632d6b6579" +
        "07a162726bf5",
    ]);
  });

  test("adds the exclude list and the authorization", async () => {
    const device = new AnsweringDevice(`00${vectors.makeCredential}`);
    await makeCredential(device, {
      ...request,
      options: { rk: false, uv: false },
      excludeList: [{ id: hex("aabb") }],
      pinUvAuthParam: hex("0102"),
      pinUvAuthProtocol: 2,
    });
    expect(device.sent[0]).toEndWith("0581a262696442aabb64747970656a7075626c69632d6b6579084201020902");
  });

  test.each([
    ["an empty answer", "00", "Expected fmt (text), got none"],
    ["another type", "00a10105", "Expected fmt (text), got another type"],
    ["something other than a map", "0080", "expected a map"],
    ["bytes after the map", "00a000", "expected the end after the first item"],
  ])("refuses %s", async (_, answer, message) => {
    const error = await rejection(makeCredential(new AnsweringDevice(answer), request));
    expect(error).toMatchObject({ code: "protocol_error", message: expect.stringContaining(message) });
  });
});

describe("getAssertions", () => {
  const request = { rpId: "example.com", clientDataHash, allowList: [], options: { up: true, uv: false } };
  const start = `02a2016b6578616d706c652e636f6d025820${cdcd}`;

  test("sends the canonical form and reads the answer", async () => {
    const device = new AnsweringDevice(`00${vectors.getAssertion}`);
    const [assertion, ...others] = await getAssertions(device, request);
    expect(assertion.credentialId.toHex()).toBe(vectors.credentialId);
    expect(assertion.authData.length).toBe(37);
    expect(assertion.user).toBeUndefined();
    expect(others).toEqual([]);
    expect(device.sent).toEqual([start]);
  });

  test("sends only those options that differ from their defaults", async () => {
    const device = new AnsweringDevice(`00${vectors.getAssertion}`);
    await getAssertions(device, { ...request, options: { up: false, uv: true } });
    expect(device.sent[0]).toEndWith("05a2627570f4627576f5");
  });

  test("asks for every further assertion of the key", async () => {
    const device = new AnsweringDevice(assertionOf(1, 3), assertionOf(2), assertionOf(3));
    const assertions = await getAssertions(device, request);
    expect(assertions.map(({ user }) => user?.name)).toEqual(["user 1", "user 2", "user 3"]);
    expect(device.sent.slice(1)).toEqual(["08", "08"]);
  });

  test("takes the credential of the allow list when the key leaves it out", async () => {
    const answer = encodeCbor(
      new Map([
        [2, new Uint8Array(37)],
        [3, new Uint8Array(70)],
      ]),
    ).toHex();
    const allowList = [{ id: hex("aabb") }];
    const [assertion] = await getAssertions(new AnsweringDevice(`00${answer}`), { ...request, allowList });
    expect(assertion.credentialId.toHex()).toBe("aabb");
    const error = await rejection(getAssertions(new AnsweringDevice(`00${answer}`), request));
    expect(error.message).toBe("Expected credential.id (bytes), got none.");
  });
});

describe("selection", () => {
  test("uses the command where the key has it", async () => {
    const device = new AnsweringDevice(versions("FIDO_2_0", "FIDO_2_1"), "00");
    await selection(device);
    expect(device.sent).toEqual(["04", "0b"]);
  });

  test.each(["35", "31"])("otherwise sends a request that can only fail (0x%s) after a touch", async (status) => {
    const device = new AnsweringDevice(versions("FIDO_2_0", "FIDO_2_1_PRE"), status);
    await selection(device);
    expect(device.sent[1]).toEndWith("08400901");
  });

  test("reports that the key was not touched", async () => {
    const error = await rejection(selection(new AnsweringDevice(versions("FIDO_2_0"), "2f")));
    expect(error.code).toBe("touch_timeout");
  });
});

/** An answer with the assertion of one of several accounts. */
function assertionOf(id: number, total?: number): string {
  const user = new Map<string, unknown>([
    ["id", Uint8Array.of(id)],
    ["name", `user ${id}`],
  ]);
  const credential = new Map<string, unknown>([
    ["id", Uint8Array.of(id)],
    ["type", "public-key"],
  ]);
  const answer = new Map<number, unknown>([
    [1, credential],
    [2, new Uint8Array(37)],
    [3, new Uint8Array(70)],
    [4, user],
  ]);
  if (total !== undefined) answer.set(5, total);
  return `00${encodeCbor(answer as never).toHex()}`;
}
