import { expect, test } from "bun:test";
import { createHash, createPublicKey, verify, X509Certificate } from "node:crypto";
import { completeSettings } from "./settings.ts";
import { Touch } from "./touch.ts";
import { U2fAuthenticator } from "./u2f.ts";

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
const challenge = sha256("challenge");
const application = sha256("https://example.com");

function apdu(ins: number, p1: number, ...data: Uint8Array[]): Buffer {
  const body = Buffer.concat(data);
  return Buffer.concat([Buffer.of(0, ins, p1, 0, 0, body.length >> 8, body.length & 0xff), body, Buffer.of(0, 0)]);
}

/** A key, and a way to send an APDU as often as it takes until the key is touched. */
function plugIn() {
  const key = new U2fAuthenticator(new Touch(completeSettings({})));
  const untilTouched = async (request: Buffer): Promise<Buffer> => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = Buffer.from(await key.process(request));
      if (statusOf(answer) !== "6985" || attempt > 50) return answer;
      await Bun.sleep(1);
    }
  };
  return { key, untilTouched };
}

const statusOf = (answer: Uint8Array): string => answer.slice(-2).toHex();

test("a U2F key registers and authenticates after a touch, and its signatures are over what the format says", async () => {
  const { key, untilTouched } = plugIn();
  const request = apdu(1, 3, challenge, application);
  expect(statusOf(await key.process(request))).toBe("6985");
  const registered = await untilTouched(request);
  expect(statusOf(registered)).toBe("9000");
  const point = registered.subarray(1, 66);
  const keyHandle = registered.subarray(67, 67 + registered[66]!);
  const rest = registered.subarray(67 + keyHandle.length, -2);
  const certificateBytes = 4 + rest.readUInt16BE(2);
  const certificate = new X509Certificate(rest.subarray(0, certificateBytes));
  const attested = Buffer.concat([Buffer.of(0), application, challenge, keyHandle, point]);
  expect(verify("sha256", attested, certificate.publicKey, rest.subarray(certificateBytes))).toBe(true);

  const handle = [Buffer.of(keyHandle.length), keyHandle];
  const got = await untilTouched(apdu(2, 3, challenge, application, ...handle));
  expect(statusOf(got)).toBe("9000");
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((bytes) => bytes.toString("base64url"));
  const publicKey = createPublicKey({ key: { kty: "EC", crv: "P-256", x: x!, y: y! }, format: "jwk" });
  const signed = Buffer.concat([application, got.subarray(0, 5), challenge]);
  expect(verify("sha256", signed, publicKey, got.subarray(5, -2))).toBe(true);
  expect(got.readUInt32BE(1)).toBe(1);

  const elsewhere = sha256("https://elsewhere.example");
  expect(statusOf(await key.process(apdu(2, 3, challenge, elsewhere, ...handle)))).toBe("6a80");
  expect(statusOf(await key.process(apdu(2, 7, challenge, application, ...handle)))).toBe("6985");
});

const refused: [name: string, request: Buffer, status: string][] = [
  ["a command that it does not know", apdu(9, 0), "6d00"],
  ["another class", Buffer.concat([Buffer.of(0x80), apdu(3, 0).subarray(1)]), "6e00"],
  ["fewer bytes than an APDU has", Buffer.of(0, 3, 0, 0), "6700"],
  ["fewer bytes than it announces", apdu(1, 3, challenge, application).subarray(0, 40), "6700"],
  ["a registration without an application", apdu(1, 3, challenge), "6700"],
  ["a key handle shorter than announced", apdu(2, 3, challenge, application, Buffer.of(9, 1)), "6700"],
];

test.each(refused)("a U2F key refuses %s", async (_, request, status) => {
  expect(statusOf(await plugIn().key.process(request))).toBe(status);
});

test("a U2F key tells its version without a touch", async () => {
  expect(Buffer.from(await plugIn().key.process(apdu(3, 0))).toString("latin1")).toBe("U2F_V2\x90\x00");
});
