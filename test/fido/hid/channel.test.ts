import { describe, expect, test } from "bun:test";
import { type ErrorCode, VouchError } from "../../../src/base/errors.ts";
import type { CtapDevice } from "../../../src/fido/ctap2/device.ts";
import { openChannel } from "../../../src/fido/hid/channel.ts";
import { CTAPHID, fragment } from "../../../src/fido/hid/framing.ts";
import { rejection } from "../../rejection.ts";
import {
  allocation,
  BROADCAST,
  CHANNEL,
  host,
  info,
  initAnswer,
  key,
  ScriptedConnection,
} from "./scripted-connection.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);
const request = Uint8Array.of(0x04);
const ask = host(CHANNEL, CTAPHID.CBOR, request);
const answer = key(CHANNEL, CTAPHID.CBOR, Uint8Array.of(0));
const keepalive = (status: number) => key(CHANNEL, CTAPHID.KEEPALIVE, Uint8Array.of(status));
const error = (code: number) => key(CHANNEL, CTAPHID.ERROR, Uint8Array.of(code));
const cancel = host(CHANNEL, CTAPHID.CANCEL);
const cancelled = key(CHANNEL, CTAPHID.CBOR, Uint8Array.of(0x2d));

/** The host's INIT on the channel itself, and the key's answer. */
const resync = [
  { anyFromHost: true as const },
  {
    key: (written: readonly Uint8Array[]) =>
      fragment(CHANNEL, CTAPHID.INIT, initAnswer(written.at(-1)!.subarray(7, 15), CHANNEL, 0x05))[0]!,
  },
];

const failure = (code: ErrorCode, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

/** Opens a channel over the script, runs the action, and fails when a scripted packet is left over. */
async function run<T>(
  connection: ScriptedConnection,
  action: (device: Awaited<ReturnType<typeof openChannel>>) => Promise<T>,
): Promise<T> {
  try {
    return await action(await openChannel(connection, info));
  } finally {
    connection.expectDone();
  }
}

describe("opening a channel", () => {
  test("ignores answers to other programs", async () => {
    const foreign = key(BROADCAST, CTAPHID.INIT, initAnswer(bytes(8), 0xbadc0de, 0x05));
    const elsewhere = key(0x42, CTAPHID.KEEPALIVE, Uint8Array.of(1));
    const connection = new ScriptedConnection(allocation({ before: [...foreign, ...elsewhere] }), ask, answer);
    expect(await run(connection, (device) => device.exchange(request))).toEqual(Uint8Array.of(0));
    expect(connection.closed).toBe(false);
  });

  test.each<[string, (nonce: Uint8Array) => ReturnType<typeof key>]>([
    ["on another channel", (nonce) => key(0x42, CTAPHID.INIT, initAnswer(nonce, 0xbadc0de, 0x05))],
    ["by another command", (nonce) => key(BROADCAST, CTAPHID.PING, initAnswer(nonce, 0xbadc0de, 0x05))],
    [
      "with another nonce",
      (nonce) =>
        key(
          BROADCAST,
          CTAPHID.INIT,
          initAnswer(
            nonce.map((byte) => byte ^ 1),
            0xbadc0de,
            0x05,
          ),
        ),
    ],
    ["too short", (nonce) => key(BROADCAST, CTAPHID.INIT, initAnswer(nonce, 0xbadc0de, 0x05).subarray(0, 16))],
  ])("ignores an answer with our nonce that comes %s", async (_, lie) => {
    const first = (written: readonly Uint8Array[]) => (lie(written.at(-1)!.slice(7, 15))[0] as { key: Uint8Array }).key;
    const connection = new ScriptedConnection(allocation({ before: [{ key: first }] }), ask, answer);
    // The scripted command goes out on the channel of the true answer, or the script fails.
    expect(await run(connection, (device) => device.exchange(request))).toEqual(Uint8Array.of(0));
  });

  test("tries again while the key is busy", async () => {
    const busy = key(BROADCAST, CTAPHID.ERROR, Uint8Array.of(0x06));
    const connection = new ScriptedConnection([{ anyFromHost: true }], busy, allocation());
    expect((await run(connection, (device) => Promise.resolve(device))).product).toBe("Test Key");
  });

  test.each<[string, Parameters<typeof allocation>[0], ErrorCode, string]>([
    ["a U2F key", { capabilities: 0x01 }, "security_key_unsupported", "Test Key speaks only U2F"],
    ["the broadcast channel", { channel: BROADCAST }, "security_key_error", "gave the reserved channel ffffffff"],
    ["channel 0", { channel: 0 }, "security_key_error", "gave the reserved channel 0"],
  ])("refuses %s and closes the connection", async (_, changes, code, message) => {
    // What can be a mishap is asked for a second time.
    const again = code === "security_key_error" ? allocation(changes) : [];
    const connection = new ScriptedConnection(allocation(changes), again);
    expect(await rejection(run(connection, () => Promise.resolve()))).toEqual(failure(code, message));
    expect(connection.closed).toBe(true);
  });
});

describe("a command over a channel", () => {
  test("is sent and answered in many packets", async () => {
    const connection = new ScriptedConnection(
      allocation(),
      host(CHANNEL, CTAPHID.CBOR, bytes(1200)),
      key(CHANNEL, CTAPHID.CBOR, bytes(7609)),
    );
    expect(await run(connection, (device) => device.exchange(bytes(1200)))).toEqual(bytes(7609));
  });

  test("ignores the packets of other channels, even between its own", async () => {
    const mine = key(CHANNEL, CTAPHID.CBOR, bytes(100));
    const other = key(0x42, CTAPHID.CBOR, bytes(100));
    const mixed = mine.flatMap((step, index) => other.slice(index, index + 1).concat(step));
    const connection = new ScriptedConnection(allocation(), ask, mixed);
    expect(await run(connection, (device) => device.exchange(request))).toEqual(bytes(100));
  });

  test("reports the status in its keepalives", async () => {
    const connection = new ScriptedConnection(allocation(), ask, keepalive(1), keepalive(2), keepalive(2), answer);
    const said: string[] = [];
    await run(connection, (device) => device.exchange(request, { onKeepalive: (status) => said.push(status) }));
    expect(said).toEqual(["processing", "user_presence_needed", "user_presence_needed"]);
  });

  test("is sent again while the key is busy with another program", async () => {
    const connection = new ScriptedConnection(allocation(), ask, error(0x06), ask, error(0x06), ask, answer);
    expect(await run(connection, (device) => device.exchange(request))).toEqual(Uint8Array.of(0));
  });

  test("fails when the key stays busy", async () => {
    const connection = new ScriptedConnection(allocation(), ask, error(0x06));
    expect(await rejection(run(connection, (device) => device.exchange(request, { timeoutMs: 10 })))).toEqual(
      failure("security_key_busy", "Test Key is busy with another program"),
    );
  });

  test("ends when the key is pulled out", async () => {
    const gone = new VouchError("security_key_removed", "gone");
    const connection = new ScriptedConnection(allocation(), ask, keepalive(2), [{ error: gone }]);
    expect(await rejection(run(connection, (device) => device.exchange(request)))).toBe(gone);
  });

  test("is refused while another one is under way", async () => {
    const connection = new ScriptedConnection(allocation(), ask, answer);
    await run(connection, async (device) => {
      const first = device.exchange(request);
      expect(await rejection(device.exchange(request))).toEqual(failure("internal_error", "one command at a time"));
      await first;
    });
  });

  const reports = fragment(CHANNEL, CTAPHID.CBOR, bytes(200));
  const [first, second, third] = reports.map((report) => ({ key: report }));
  if (first === undefined || second === undefined || third === undefined) throw new Error("200 bytes are 4 reports");
  const lying = fragment(CHANNEL, CTAPHID.CBOR, bytes(9))[0] as Uint8Array;
  lying[5] = 0xff;

  test.each<[string, ReturnType<typeof key>, string]>([
    ["a packet is missing", [first, third], "expected continuation packet 0, got 1"],
    ["a packet comes twice", [first, second, second], "expected continuation packet 1, got 0"],
    ["the length lies", [{ key: lying }], "expected a message of at most 7609 bytes, got 65289"],
    ["the answer is empty", key(CHANNEL, CTAPHID.CBOR, new Uint8Array(0)), "sent an empty answer"],
    ["the answer is another command's", key(CHANNEL, CTAPHID.PING, bytes(3)), "answered with the command 1"],
    ["a report is short", [{ key: bytes(10) }], "expected a report of 64 bytes, got 10"],
    ["the key reports what nobody knows", error(0x99), 'reported "error 153"'],
  ])("fails when %s", async (_, steps, message) => {
    const connection = new ScriptedConnection(allocation(), ask, steps);
    expect(await rejection(run(connection, (device) => device.exchange(request)))).toEqual(
      failure("security_key_error", message),
    );
  });
});

describe("a message that the key did not receive whole", () => {
  test.each([
    ["ERR_INVALID_LEN", 0x03],
    ["ERR_INVALID_SEQ", 0x04],
    ["ERR_MSG_TIMEOUT", 0x05],
  ])("is sent once more, whatever its command: %s", async (_, code) => {
    const late = error(code);
    const connection = new ScriptedConnection(
      allocation(),
      ask,
      error(code),
      resync.slice(0, 1),
      late,
      resync.slice(1),
      ask,
      answer,
    );
    expect(await run(connection, (device) => device.exchange(request))).toEqual(Uint8Array.of(0));
  });

  test("is not sent a third time", async () => {
    const connection = new ScriptedConnection(allocation(), ask, error(0x05), resync, ask, error(0x05));
    expect(await rejection(run(connection, (device) => device.exchange(request)))).toEqual(
      failure("security_key_error", 'reported "message timed out"'),
    );
  });

  test.each([0x01, 0x02, 0x0a, 0x7f])(
    "is not assumed for the error %i: the message is not sent again",
    async (code) => {
      const connection = new ScriptedConnection(allocation(), ask, error(code));
      expect(await rejection(run(connection, (device) => device.exchange(request)))).toMatchObject({ reported: code });
    },
  );

  test("is not assumed after a keepalive: the key has the message, which may have had its effect", async () => {
    const connection = new ScriptedConnection(allocation(), ask, keepalive(2), error(0x05));
    expect(await rejection(run(connection, (device) => device.exchange(request)))).toMatchObject({ reported: 0x05 });
  });
});

describe("an answer that cannot be read", () => {
  const spoilt = key(CHANNEL, CTAPHID.CBOR, bytes(200)).filter((_, index) => index !== 1);
  test("is asked for once more where the command changes nothing", async () => {
    const connection = new ScriptedConnection(allocation(), ask, spoilt.slice(0, 2), resync, ask, answer);
    const exchange = (device: CtapDevice) => device.exchange(request, { repeatable: true });
    expect(await run(connection, exchange)).toEqual(Uint8Array.of(0));
  });

  test("is not the late response to an INIT that gave the channel a fresh start", async () => {
    const late = key(CHANNEL, CTAPHID.INIT, initAnswer(bytes(8), CHANNEL, 0x05));
    const connection = new ScriptedConnection(allocation(), ask, late, answer);
    expect(await run(connection, (device) => device.exchange(request))).toEqual(Uint8Array.of(0));
  });

  test("is an error where the command may have had its effect", async () => {
    const connection = new ScriptedConnection(allocation(), ask, spoilt.slice(0, 2), resync);
    expect(await rejection(run(connection, (device) => device.exchange(request)))).toEqual(
      failure("security_key_error", "expected continuation packet 0, got 1"),
    );
  });
});

describe("a channel that the key has given to another program", () => {
  const lost = [...ask, ...error(0x0b)];
  const fresh = allocation({ channel: 0x5eed });

  test("is replaced, and the command goes out again", async () => {
    const repeated = [...host(0x5eed, CTAPHID.CBOR, request), ...key(0x5eed, CTAPHID.CBOR, Uint8Array.of(0))];
    const connection = new ScriptedConnection(allocation(), lost, fresh, repeated, repeated);
    await run(connection, async (device) => {
      expect(await device.exchange(request)).toEqual(Uint8Array.of(0));
      expect(await device.exchange(request)).toEqual(Uint8Array.of(0));
    });
  });

  test("is replaced only once for a command", async () => {
    const refused = [...host(0x5eed, CTAPHID.CBOR, request), ...key(0x5eed, CTAPHID.ERROR, Uint8Array.of(0x0b))];
    const connection = new ScriptedConnection(allocation(), lost, fresh, refused);
    expect(await rejection(run(connection, (device) => device.exchange(request)))).toEqual(
      failure("security_key_error", 'reported "invalid channel"'),
    );
  });
});

describe("cancelling a command", () => {
  test("is sent to the key, waits for its last answer, and leaves the channel usable", async () => {
    const connection = new ScriptedConnection(
      allocation(),
      [...ask, ...keepalive(2)],
      [...cancel, ...keepalive(2), ...cancelled],
      [...ask, ...answer],
    );
    await run(connection, async (device) => {
      const controller = new AbortController();
      const exchange = device.exchange(request, { signal: controller.signal, onKeepalive: () => controller.abort() });
      expect(await rejection(exchange)).toEqual(failure("cancelled", "Cancelled"));
      expect(await device.exchange(request)).toEqual(Uint8Array.of(0));
    });
  });

  test("before the command is sent sends nothing", async () => {
    const connection = new ScriptedConnection(allocation());
    await run(connection, async (device) => {
      expect(await rejection(device.exchange(request, { signal: AbortSignal.abort() }))).toEqual(
        failure("cancelled", "Cancelled"),
      );
    });
  });

  test("while the key is busy with another program does not cancel that program's", async () => {
    const controller = new AbortController();
    const connection = new ScriptedConnection(allocation(), ask, [
      {
        key: () => {
          setImmediate(() => controller.abort());
          return fragment(CHANNEL, CTAPHID.ERROR, Uint8Array.of(0x06))[0] as Uint8Array;
        },
      },
    ]);
    expect(
      await rejection(run(connection, (device) => device.exchange(request, { signal: controller.signal }))),
    ).toEqual(failure("cancelled", "Cancelled"));
  });

  test.each<[string, number, ErrorCode, string]>([
    ["a touch that does not come", 2, "touch_timeout", "Test Key was not touched in time."],
    ["an answer that does not come", 1, "security_key_error", "Test Key did not answer in time"],
  ])("is also what the timeout of %s does", async (_, status, code, message) => {
    const connection = new ScriptedConnection(allocation(), ask, keepalive(status), cancel, cancelled);
    expect(await rejection(run(connection, (device) => device.exchange(request, { timeoutMs: 50 })))).toEqual(
      failure(code, message),
    );
  });
});
