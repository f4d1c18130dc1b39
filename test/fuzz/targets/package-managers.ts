/** What package managers ask: the URLs, and the words of Cargo and of keyring. */
import { findRegistry } from "../../../src/settings/registries.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { parseRequest } from "../../../src/tools/cargo/credential-provider.ts";
import { parseInvocation } from "../../../src/tools/python/keyring.ts";
import { host, myRepository } from "../../settings/my-repository.ts";
import { expectBounded } from "../surroundings/bounded.ts";
import { mutatedSeed } from "../mutations/bytes.ts";
import { mutateJson } from "../mutations/json.ts";
import type { Target } from "../target.ts";
import { Violation } from "../surroundings/violation.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const settings: Settings = {
  version: 1,
  repositories: [
    { ...myRepository, endpoints: { ...myRepository.endpoints, npm: `https://${host}:8443/npm/my-repo/` } },
  ],
};

const urls = [
  `sparse+https://${host}/cargo/my-repo/`,
  `https://${host}/pypi/my-repo/simple/package/`,
  `https://aws@${host}/pypi/my-repo/`,
  `https://aws:@${host}:443/pypi/my-repo/`,
  `https://${host}:8443/npm/my-repo/@acme/tool`,
  `${host}:443`,
  "https://evil.example/pypi/my-repo/",
  "@evil.example",
  "/../..//%2e%2e/\\?#:",
].map(encode);

export const registryUrl: Target = {
  name: "registry-url",
  reads: "the URLs that package managers ask about (src/settings/registries.ts)",
  share: 10,
  input: (random) => [mutatedSeed(random, urls)],
  run([bytes = new Uint8Array(0)]) {
    const text = new TextDecoder().decode(bytes);
    const found = findRegistry(settings, text);
    if (found !== undefined) expectSamePlace(text, found.endpoint);
    return found;
  },
};

/** Every other reader of the URL must see the same place in it: the platform's parser stands for them. */
function expectSamePlace(text: string, endpoint: string): void {
  const address = text.replace(/^sparse\+/i, "");
  const asked = URL.parse(address.includes("://") ? address : `https://${address}`);
  const own = new URL(endpoint);
  const isHost = !address.includes("/");
  const path = own.pathname.replace(/\/$/, "");
  if (
    asked?.host !== own.host ||
    asked.protocol !== own.protocol ||
    (!isHost && `${asked.pathname}/`.indexOf(`${path}/`) !== 0)
  ) {
    throw new Violation(`the token of ${endpoint} would go to ${text}`);
  }
}

const cargoRequests = ["get", "login", "logout"].map((kind) => ({
  v: 1,
  kind,
  operation: "read",
  registry: {
    "index-url": `sparse+https://${host}/cargo/my-repo/`,
    name: "my-registry",
    headers: ["WWW-Authenticate: x"],
  },
  args: [],
}));

export const cargoRequest: Target = {
  name: "cargo-request",
  reads: "the requests of Cargo to its credential provider (src/tools/cargo/credential-provider.ts)",
  share: 10,
  input(random) {
    const request = encode(JSON.stringify(mutateJson(random, random.pick(cargoRequests))));
    return [random.oneIn(4) ? mutatedSeed(random, [request]) : request];
  },
  run([bytes = new Uint8Array(0)]) {
    const request = parseRequest(new TextDecoder().decode(bytes));
    expectBounded(request, bytes.length);
    return request;
  },
};

const keyringCalls = [
  ["get", `https://${host}/pypi/my-repo/`, "aws"],
  ["get", host, "--mode", "creds"],
  ["--mode=creds", "--output=json", "get", host],
  ["set", host, "aws"],
  ["--mode", "--mode", "--output", "", "--", "get"],
];

export const keyringArguments: Target = {
  name: "keyring-arguments",
  reads: "the arguments of keyring (src/tools/python/keyring.ts)",
  share: 10,
  input(random) {
    const words: Uint8Array[] = random.pick(keyringCalls).map(encode);
    const at = random.below(words.length);
    const changed = words.with(at, mutatedSeed(random, words));
    return random.oneIn(2) ? changed : changed.toSpliced(random.below(words.length), 1);
  },
  run(input) {
    const words = input.map((part) => Buffer.from(part).toString());
    const invocation = parseInvocation(words);
    for (const word of [invocation.operation, invocation.service, invocation.userName]) {
      if (word !== undefined && !words.includes(word)) throw new Violation(`${word} is none of the arguments`);
    }
    return invocation;
  },
};
