import { expect, test } from "bun:test";
import { encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { getInfo } from "../../../src/fido/ctap2/get-info.ts";
import { fitCredentialList } from "../../../src/fido/webauthn/credential-list.ts";
import { AnsweringDevice } from "../ctap2/answering-device.ts";

const rpId = "vouch.example.com";
const list = Array.from({ length: 3 }, (_, index) => ({ id: new Uint8Array(16).fill(index + 1) }));

const assertionBy = (id: Uint8Array) =>
  `00${encodeCbor(
    new Map<number, Uint8Array | Map<string, Uint8Array>>([
      [1, new Map([["id", id]])],
      [2, new Uint8Array(37)],
      [3, new Uint8Array(70)],
    ]),
  ).toHex()}`;

async function fit(info: [number, number][], ...answers: string[]) {
  const device = new AnsweringDevice(`00${encodeCbor(new Map(info)).toHex()}`, ...answers);
  const input = { device, info: await getInfo(device), rpId, list, token: undefined, exchange: {} };
  return { fitted: await fitCredentialList(input), asked: device.sent.length - 1 };
}

test("a credential list that the key accepts is sent as it is", async () => {
  expect(await fit([[7, 3]])).toEqual({ fitted: list, asked: 0 });
});

test("a key that names no limit is asked for one credential after the other", async () => {
  expect(await fit([], "2e", assertionBy(list[1]!.id))).toEqual({ fitted: [list[1]!], asked: 2 });
});

test("a credential list of which nothing is on the key becomes empty", async () => {
  expect(await fit([[7, 2]], "2e", "2e")).toEqual({ fitted: [], asked: 2 });
});

test("credential ids that are longer than the key's own are left out", async () => {
  expect(await fit([[8, 15]])).toEqual({ fitted: [], asked: 0 });
});

test.each(["2b", "2c", "3b"])(
  "a key that answers nothing without a touch (0x%s) gets the whole credential list",
  async (status) => {
    expect(await fit([[7, 2]], status)).toEqual({ fitted: list, asked: 1 });
  },
);
