/** A domain that nobody answers for: what waits for it, what is said, and when it is tried again. */
import { describe, expect, test } from "bun:test";
import type { AgentOptions } from "../../src/agent/agent-options.ts";
import { routes } from "../../src/agent/protocol.ts";
import { networkAddresses } from "../../src/agent/tokens/network.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness, repository, until } from "./harness.ts";

const far = { ...repository, domain: "far", endpoints: { cargo: "https://far.example/cargo/my-repo/" } };
const farther = { ...repository, domain: "farther", endpoints: { cargo: "https://farther.example/cargo/my-repo/" } };
const askedFor = { domain: "my-domain", domainOwner: "123456789012", region: "us-east-1", repository: "my-repo" };
const ofFar = (form: URLSearchParams) => form.get("domain") !== "my-domain";

/** What a captive portal answers: an error of the network that no retry of the call follows. */
const portal = () => new Response("<html>", { headers: { "content-type": "text/html" } });

/** An agent with a session whose two further domains are unreachable; counts the requests for them. */
async function startedWithUnreachable(options: AgentOptions = {}) {
  const harness = new AgentHarness([], options);
  const state = { tries: 0, isReachable: false };
  harness.upstream.answer("token", (form) => {
    if (!ofFar(form)) return undefined;
    state.tries++;
    return state.isReachable ? undefined : portal();
  });
  await harness.login();
  harness.configure({ repositories: [repository, far] });
  const needed = async (url = far.endpoints.cargo) => harness.token(url);
  return { harness, state, needed };
}

const environment = async () => askAgent(routes.environment, { failures: "all" });

describe("a command that may not need a silent domain", () => {
  /** Nothing ever comes from the further domain, so whoever waited for it would wait for ever. */
  async function startedWithSilent() {
    const harness = new AgentHarness([], { tokenLimits: { limitMs: 2 ** 30, patienceMs: 1 } });
    let asked = 0;
    harness.upstream.answer("token", (form) => {
      if (!ofFar(form)) return undefined;
      asked++;
      return new Promise<never>(() => {});
    });
    await harness.login();
    harness.configure({ repositories: [repository, far] });
    return { harness, asked: () => asked };
  }

  test("goes on without it, and says so; the domain is asked behind the scenes, once", async () => {
    const { harness, asked } = await startedWithSilent();
    await using _ = harness;
    for (let turn = 0; turn < 3; turn++) {
      const { variables, failed, expiration } = await environment();
      expect(Object.values(variables)).toContainEqual(expect.stringMatching(/^my-domain-token/));
      expect(failed).toEqual([
        {
          endpoint: far.endpoints.cargo,
          error: {
            code: "timeout",
            message: "There was no token for the domain far within 0.001 seconds.",
            hint: "It is still being asked for. If you need it, check the network, then try again.",
          },
        },
      ]);
      expect(expiration).toBeUndefined();
    }
    expect(asked()).toBe(1);
  });

  test("waits as long as the steps take that all domains share", async () => {
    const harness = new AgentHarness([], { tokenLimits: { patienceMs: 2 ** 30 } });
    await using _ = harness;
    const held = harness.upstream.hold("sts");
    await harness.login();
    harness.configure({ repositories: [repository, far] });
    const asked = environment();
    await held.arrived;
    held.release();
    expect((await asked).failed).toBeUndefined();
  });
});

describe("a request that needs an unreachable domain", () => {
  test("fails at once while the failure is held, and its hint names the next try", async () => {
    const { harness, state, needed } = await startedWithUnreachable();
    await using _ = harness;
    const first = await rejection(needed());
    expect(first).toMatchObject({ code: "network", message: expect.stringContaining("a captive portal") });
    harness.clock.pass(1.5);
    const second = await rejection(needed());
    expect(second).toMatchObject({ code: "network", message: first.message });
    expect(second.hint).toBe(`${first.hint} The next try is possible in 4 seconds.`);
    harness.clock.pass(3);
    expect((await rejection(needed())).hint).toEndWith("in 1 second.");
    expect(state.tries).toBe(1);
  });

  test("is tried after five seconds, however often it has failed before", async () => {
    const { harness, state, needed } = await startedWithUnreachable();
    await using _ = harness;
    for (let turn = 1; turn <= 8; turn++) {
      await rejection(needed());
      expect(state.tries).toBe(turn);
      harness.clock.pass(5);
    }
    state.isReachable = true;
    expect((await needed()).token).toStartWith("far-token");
  });

  test.each<[string, (harness: AgentHarness, network: { addresses: string }) => unknown]>([
    ["the machine has other addresses", (_, network) => (network.addresses = "tun0 10.8.0.2/24")],
    ["a new login", (harness) => harness.login()],
    ["the settings have changed", (harness) => harness.configure({ repositories: [far, repository] })],
  ])("is tried at once when %s", async (_, happen) => {
    const network = { addresses: "eth0 192.0.2.7/24" };
    const tokenLimits = { addresses: () => network.addresses };
    const { harness: started, state, needed } = await startedWithUnreachable({ tokenLimits });
    await using harness = started;
    await rejection(needed());
    state.isReachable = true;
    expect((await rejection(needed())).code).toBe("network");
    await happen(harness, network);
    expect((await needed()).token).toStartWith("far-token");
  });

  test("is tried at once when the Vouch server was what could not be reached, and the addresses are others", async () => {
    const network = { addresses: "eth0 192.0.2.7/24" };
    const harness = new AgentHarness([], { tokenLimits: { addresses: () => network.addresses } });
    await using _ = harness;
    await harness.login();
    harness.configure({ repositories: [repository] });
    harness.upstream.answer("idToken", portal);
    expect((await rejection(harness.token())).code).toBe("network");
    harness.upstream.answer("idToken", undefined);
    network.addresses = "tun0 10.8.0.2/24";
    expect((await harness.token()).token).toStartWith("my-domain-token");
  });

  test("is tried at once when another that was unreachable has answered", async () => {
    const { harness, state, needed } = await startedWithUnreachable();
    await using _ = harness;
    harness.configure({ repositories: [far, farther] });
    await rejection(needed());
    harness.clock.pass(4);
    await rejection(needed(farther.endpoints.cargo));
    state.isReachable = true;
    harness.clock.pass(1);
    await needed();
    expect((await needed(farther.endpoints.cargo)).token).toStartWith("farther-token");
  });
});

test("what was denied is no fault of the network: it is tried after a second", async () => {
  const { harness, needed } = await startedWithUnreachable();
  await using _ = harness;
  harness.upstream.answer("token", () =>
    Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } }),
  );
  const first = await rejection(needed());
  expect((await rejection(needed())).hint).toBe(first.hint);
  harness.upstream.answer("token", undefined);
  harness.clock.pass(1);
  expect((await needed()).token).toStartWith("far-token");
});

test("tries that nobody waits for become rarer, up to one a minute", async () => {
  const { harness, state, needed } = await startedWithUnreachable();
  await using _ = harness;
  await environment();
  for (const pause of [5, 10, 20, 40, 60, 60]) {
    const { tries } = state;
    harness.clock.pass(pause - 0.001);
    await environment();
    // A try would have been begun by now, and been counted before an answer to a later request.
    await askAgent(routes.repositoryEndpoint, { ...askedFor, format: "cargo" });
    expect(state.tries).toBe(tries);
    harness.clock.pass(0.001);
    await until(async () => (await environment()) && state.tries === tries + 1);
    // Joins the try, or is held after it: it has ended by now.
    await rejection(needed());
  }
});

describe("the plain answer to a command", () => {
  const plain = async () => askAgent(routes.environment);

  test("reports a failure once in ten seconds; who asks for all of them gets it each time", async () => {
    const { harness } = await startedWithUnreachable();
    await using _ = harness;
    expect((await plain()).failed).toHaveLength(1);
    expect((await plain()).failed).toBeUndefined();
    expect((await environment()).failed).toHaveLength(1);
    harness.clock.pass(10);
    expect((await plain()).failed).toHaveLength(1);
  });

  test("has the domain's token a second after there is one", async () => {
    const { harness, state } = await startedWithUnreachable();
    await using _ = harness;
    const npm = { npm: "https://far.example/npm/my-repo/" };
    harness.configure({ repositories: [repository, { ...far, endpoints: npm }] });
    for (let turn = 0; turn < 3; turn++) await plain();
    state.isReachable = true;
    harness.clock.pass(5);
    await until(async () => {
      harness.clock.pass(1);
      return Object.keys((await plain()).variables).some((name) => name.includes("far.example"));
    });
  });
});

test("this machine's addresses are the same from one look to the next", () => {
  const first = networkAddresses();
  expect(first).toBeString();
  expect(networkAddresses() === first).toBe(true);
});
