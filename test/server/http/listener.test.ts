/** The listening socket: another certificate while requests come, and the end of it. */
import { beforeAll, describe, expect, onTestFinished, spyOn, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { type Certificate, Listener } from "../../../src/server/http/listener.ts";
import { rejection } from "../../rejection.ts";
import { makeCertificate } from "../check/certificate.ts";

const day = 24 * 3600;
let first: Certificate;
let second: Certificate;
beforeAll(async () => {
  const now = Math.floor(Date.now() / 1000);
  first = await makeCertificate("first.example.com", now - day, now + day);
  second = await makeCertificate("second.example.com", now - day, now + day);
});

function listen(answer = async () => new Response("ok")): Listener {
  const listener = new Listener({ hostname: "127.0.0.1", port: 0 }, answer, first);
  onTestFinished(() => listener.stop(0));
  return listener;
}

/** The host that the certificate is for which the server shows. */
function shown({ port }: Listener): Promise<string | undefined> {
  const found = Promise.withResolvers<string | undefined>();
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
    found.resolve(new X509Certificate(socket.getPeerCertificate().raw).subjectAltName);
    socket.destroy();
  });
  socket.on("error", found.reject);
  return found.promise;
}

const ask = async ({ port }: Listener) =>
  (await fetch(`https://127.0.0.1:${port}/`, { tls: { rejectUnauthorized: false }, keepalive: false })).status;

describe("a new certificate", () => {
  test.each([
    ["leaves it listening with the old one", 1],
    ["leaves it listening with the old one as soon as it can listen at all", 3],
  ])("with which it cannot listen %s", async (_, failures) => {
    const listener = listen();
    const real = Bun.serve;
    let calls = 0;
    const again = Promise.withResolvers<void>();
    const serve = spyOn(Bun, "serve").mockImplementation(((options: Parameters<typeof real>[0]) => {
      // The first is the trial elsewhere.
      calls++;
      if (calls > 1 && calls <= 1 + failures) throw new Error("too many open files");
      const served = real(options);
      if (calls > 1) again.resolve();
      return served;
    }) as typeof real);
    onTestFinished(() => serve.mockRestore());
    expect((await rejection(() => listener.replaceCertificate(second))).code).toBe("settings_invalid");
    await again.promise;
    expect(await shown(listener)).toBe("DNS:first.example.com");
    listener.replaceCertificate(second);
    expect(await shown(listener)).toBe("DNS:second.example.com");
  });

  test("is shown to new connections, and a request that is under way is answered", async () => {
    const held = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    const listener = listen(() => {
      arrived.resolve();
      return held.promise;
    });
    const asked = ask(listener);
    await arrived.promise;
    listener.replaceCertificate(second);
    expect(await shown(listener)).toBe("DNS:second.example.com");
    held.resolve(new Response("ok"));
    expect(await asked).toBe(200);
  });

  test.each<[string, () => Certificate]>([
    ["of another key", () => ({ cert: first.cert, key: second.key })],
    ["that is no PEM", () => ({ cert: "no certificate", key: second.key })],
    ["whose key is no PEM", () => ({ cert: second.cert, key: "no key" })],
    [
      "whose chain is broken behind the first",
      () => ({ cert: `${second.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, key: second.key }),
    ],
  ])("%s is refused, and the old one goes on", async (_, broken) => {
    const listener = listen();
    expect((await rejection(() => listener.replaceCertificate(broken()))).code).toBe("settings_invalid");
    expect(await shown(listener)).toBe("DNS:first.example.com");
    expect(await ask(listener)).toBe(200);
  });
});

test("the end waits for what is under way, but not for ever", async () => {
  const never = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  const listener = listen(() => {
    arrived.resolve();
    return never.promise;
  });
  const asked = ask(listener).catch(() => "cut off");
  await arrived.promise;
  await listener.stop(10);
  expect(await asked).toBe("cut off");
});

test("the end waits for what came before the certificate was replaced, and no longer than for the rest", async () => {
  for (const isAnswered of [true, false]) {
    const held = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    const listener = listen(() => {
      arrived.resolve();
      return held.promise;
    });
    const asked = ask(listener).catch(() => "cut off");
    await arrived.promise;
    listener.replaceCertificate(second);
    listener.replaceCertificate(first);
    let hasEnded = false;
    const stopping = listener.stop(isAnswered ? 600_000 : 10).then(() => (hasEnded = true));
    if (isAnswered) {
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      expect(hasEnded).toBe(false);
      held.resolve(new Response("ok"));
    }
    await stopping;
    expect(await asked).toBe(isAnswered ? 200 : "cut off");
  }
});

test("a port that another program has is named as what it is, whether TLS is on or not", async () => {
  using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
  const place = { hostname: "127.0.0.1", port: other.port! };
  for (const tls of [undefined, first]) {
    const error = await rejection(() => new Listener(place, async () => new Response(""), tls));
    expect({ message: error.message, hint: error.hint, exitCode: error.exitCode }).toEqual({
      message: `127.0.0.1:${other.port} is in use by another program.`,
      hint: "Choose another with --listen HOST:PORT.",
      exitCode: 1,
    });
  }
});
