import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findRegistry, isOnConfiguredHost } from "../../src/settings/registries.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { host, myRepository } from "./my-repository.ts";

const otherHost = "my-domain-123456789012.d.codeartifact.eu-west-1.amazonaws.com";

const settings: Settings = {
  version: 1,
  repositories: [
    myRepository,
    { ...myRepository, region: "eu-west-1", endpoints: { npm: `https://${otherHost}:8443/npm/my-repo` } },
  ],
};

describe("a URL of a configured endpoint is ours", () => {
  test.each([
    [`sparse+https://${host}/cargo/my-repo/`, "cargo"],
    [`https://${host}/cargo/my-repo/`, "cargo"],
    [`sparse+https://${host}/cargo/my-repo`, "cargo"],
    [`https://${host}/pypi/my-repo/simple/`, "pypi"],
    [`https://${host}/pypi/my-repo/simple/my-package/`, "pypi"],
    [`https://aws@${host}/pypi/my-repo/simple/`, "pypi"],
    [`https://aws:@${host}/pypi/my-repo/simple/`, "pypi"],
    [`https://${host}:443/pypi/my-repo/simple/`, "pypi"],
    [`HTTPS://${host.toUpperCase()}/pypi/my-repo/simple/`, "pypi"],
    [`https://${host}/npm/my-repo/@acme/tool`, "npm"],
    [`https://${otherHost}:8443/npm/my-repo/`, "npm"],
    [`https://${otherHost}:8443/npm/my-repo`, "npm"],
  ] as const)("such as %s", (url, format) => {
    expect(findRegistry(settings, url)?.format).toBe(format);
    expect(findRegistry(settings, url, format)?.format).toBe(format);
    for (const other of (["cargo", "pypi", "npm"] as const).filter((each) => each !== format)) {
      expect(findRegistry(settings, url, other)).toBeUndefined();
    }
  });

  test("and the answer names its repository", () => {
    expect(findRegistry(settings, `https://${otherHost}:8443/npm/my-repo/`)?.repository).toBe(settings.repositories[1]);
  });
});

const path = "/pypi/my-repo/simple/";

test.each([
  ["another host that begins as ours", `https://${host}.evil.example${path}`],
  ["another host that ends as ours", `https://evil-${host}${path}`],
  ["a host in front of ours", `https://evil.example.${host}${path}`],
  ["our host as the path", `https://evil.example/${host}${path}`],
  ["our host as the query", `https://evil.example/?https://${host}${path}`],
  ["our host as the fragment", `https://evil.example/#https://${host}${path}`],
  ["our host as the user name", `https://${host}@evil.example${path}`],
  ["our host as user name and password", `https://${host}:443@evil.example${path}`],
  ["aws and our host as the user name", `https://aws@${host}@evil.example${path}`],
  ["another user name", `https://root@${host}${path}`],
  ["a password", `https://aws:secret@${host}${path}`],
  ["an empty user name", `https://@${host}${path}`],
  ["http", `http://${host}${path}`],
  ["another scheme", `ftp://${host}${path}`],
  ["no scheme", `//${host}${path}`],
  ["git+https", `git+https://${host}${path}`],
  ["sparse+http", `sparse+http://${host}/cargo/my-repo/`],
  ["sparse+sparse", `sparse+sparse+https://${host}/cargo/my-repo/`],
  ["sparse+ for PyPI", `sparse+https://${host}${path}`],
  ["another port", `https://${host}:8443${path}`],
  ["port 80", `https://${host}:80${path}`],
  ["a port out of range", `https://${host}:65979${path}`],
  ["an empty port", `https://${host}:${path}`],
  ["the endpoint with a port, without it", `https://${otherHost}/npm/my-repo/`],
  ["another repository", `https://${host}/pypi/my-repo-2/simple/`],
  ["another repository behind ours", `https://${host}/pypi/my-repo2/`],
  ["the beginning of the repository's name", `https://${host}/pypi/my-rep/`],
  ["another format", `https://${host}/maven/my-repo/`],
  ["the path in capitals", `https://${host}/PYPI/MY-REPO/simple/`],
  ["only the host", `https://${host}/`],
  ["only the host, without a slash", `https://${host}`],
  ["only the format", `https://${host}/pypi/`],
  ["our path further down", `https://${host}/x/pypi/my-repo/simple/`],
  ["two slashes before the path", `https://${host}/${path}`],
  ["two slashes in the path", `https://${host}/pypi//my-repo/simple/`],
  ["two slashes behind the endpoint", `https://${host}/pypi/my-repo//simple/`],
  ["up and out", `https://${host}/pypi/my-repo/../other-repo/simple/`],
  ["up and in again", `https://${host}/pypi/x/../my-repo/simple/`],
  ["up to the host", `https://${host}/pypi/my-repo/../../`],
  ["a single dot", `https://${host}/pypi/./my-repo/simple/`],
  ["an encoded dot", `https://${host}/pypi/my-repo/%2e%2e/other-repo/`],
  ["half an encoded dot", `https://${host}/pypi/my-repo/.%2E/other-repo/`],
  ["an encoded slash", `https://${host}/pypi/my-repo%2fsimple/`],
  ["an encoded letter", `https://${host}/pypi/%6dy-repo/simple/`],
  ["an encoded host", `https://${host.replace("amazonaws", "%61mazonaws")}${path}`],
  ["an encoded backslash", `https://${host}/pypi/my-repo/%5c../`],
  ["backslashes", `https:\\\\${host}\\pypi\\my-repo\\`],
  ["a backslash behind the host", `https://evil.example\\@${host}${path}`],
  ["a backslash in the host", `https://${host}\\.evil.example${path}`],
  ["one slash behind the scheme", `https:/${host}${path}`],
  ["three slashes behind the scheme", `https:///${host}${path}`],
  ["a tab in the host", `https://${host.replace("amazon", "ama\tzon")}${path}`],
  ["a line end in the path", `https://${host}/pypi/\nmy-repo/simple/`],
  ["a line end at the end", `https://${host}${path}\n`],
  ["a carriage return at the end", `https://${host}${path}\r`],
  ["a blank at the beginning", ` https://${host}${path}`],
  ["a NUL at the end", `https://${host}${path}\0`],
  ["a dot at the end of the host", `https://${host}.${path}`],
  ["two dots in the host", `https://${host.replace(".d.", "..d.")}${path}`],
  ["a Cyrillic letter in the host", `https://${host.replace("amazonaws", "аmazonaws")}${path}`],
  ["that letter in punycode", `https://${host.replace("amazonaws", "xn--mazonaws-9fg")}${path}`],
  ["a full-width letter in the host", `https://${host.replace("amazonaws", "ａmazonaws")}${path}`],
  ["an ideographic full stop", `https://${host.replace(".com", "。com")}${path}`],
  ["a soft hyphen in the host", `https://${host.replace("amazonaws", "amazon\u00adaws")}${path}`],
  ["the long s, whose capital is an ASCII letter", `https://${host.replace("amazonaws", "amazonawſ")}${path}`],
  ["the Kelvin sign in the path", `https://${host}/pypi/\u212ay-repo/simple/`],
  ["another letter in the path", `https://${host}/pypi/my-rеpo/simple/`],
  ["a query", `https://${host}${path}?x=1`],
  ["a fragment", `https://${host}${path}#x`],
  ["a query that looks like the path", `https://${host}?/pypi/my-repo/simple/`],
  ["a question mark in the user name", `https://evil.example?@${host}${path}`],
  ["a fragment in the user name", `https://evil.example#@${host}${path}`],
  ["another region", `https://${host.replace("us-east-1", "us-east-2")}${path}`],
  ["another account", `https://${host.replace("123456789012", "999999999999")}${path}`],
  ["a bare host", host],
  ["a bare host with the port of https", `${host}:443`],
  ["a bare host in capitals", host.toUpperCase()],
  ["a bare host with another port", `${host}:8443`],
  ["a bare host with a user name", `aws@${host}`],
  ["a bare host with a path", `${host}/pypi/my-repo/simple/`],
  ["a bare look-alike host", `${host}.evil.example`],
  ["a bare host with a dot at its end", `${host}.`],
  ["a bare host without a PyPI endpoint", `${otherHost}:8443`],
  ["a number for a host", "2130706433"],
  ["nothing", ""],
  ["a word", "pypi"],
  ["a very long URL", `https://${host}/pypi/my-repo/${"a/".repeat(2000)}`],
])("%s is not ours", (_, url) => {
  expect(findRegistry(settings, url)).toBeUndefined();
});

test("whatever is asked, an answer's endpoint is where a URL parser sees the question lead", () => {
  // Most questions begin as one of ours and go on with what a stranger would write; every part can also be another one.
  const start = fc.constantFrom(
    "https://",
    "https://aws@",
    "sparse+https://",
    "HTTPS://aws:@",
    "http://",
    "https:\\\\",
    "",
  );
  const authority = fc.constantFrom(
    host,
    "my-domain-123456789012.codeartifact.us-east-1.on.aws",
    `${host}:443`,
    host.toUpperCase(),
    `${otherHost}:8443`,
    otherHost,
    "evil.example",
  );
  const endpoint = fc.constantFrom(
    "/pypi/my-repo/",
    "/cargo/my-repo/",
    "/npm/my-repo",
    "/pypi/my-repo",
    "/maven/my-repo/",
  );
  const tail = fc.constantFrom(
    ..."/ simple/ my-package/ @acme/tool @ : \\ . .. ../ %2e%2e/ %2f ? # 443 evil.example aws@ \t \n а x-1.0+cu.whl".split(
      " ",
    ),
    host,
  );
  const question = fc
    .tuple(start, authority, endpoint, fc.array(tail, { maxLength: 3 }))
    .map((parts) => parts.flat().join(""));
  const hits = { plain: 0, longer: 0 };
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: question }, { weight: 1, arbitrary: fc.string() }), (asked) => {
      const found = findRegistry(settings, asked);
      if (!found) return;
      const url = new URL(asked.replace(/^sparse\+/i, ""));
      expect(url.host).toBe(new URL(found.endpoint).host);
      expect(url.protocol).toBe("https:");
      expect(["", "aws"]).toContain(url.username);
      expect(url.password).toBe("");
      const place = new URL(found.endpoint).pathname.replace(/\/$/, "");
      expect(`${url.pathname}/`).toStartWith(`${place}/`);
      hits[url.pathname.replace(/\/$/, "") === place ? "plain" : "longer"]++;
    }),
    { numRuns: 5000 },
  );
  expect(hits.plain).toBeGreaterThan(100);
  expect(hits.longer).toBeGreaterThan(20);
});

const dualStack = "my-domain-123456789012.codeartifact.us-east-1.on.aws";
const vpc = "vpce-0f1-ab.d.codeartifact.us-east-1.vpce.amazonaws.com";
const ofVpc: Settings = {
  version: 1,
  repositories: [
    { ...myRepository, endpoints: { npm: `https://${vpc}/npm/d/my-domain-123456789012/my-repo/` } },
    { ...myRepository, repository: "other", endpoints: { npm: `https://${dualStack}/npm/other/` } },
  ],
};

describe("the same repository under AWS's other host is ours", () => {
  test.each([
    ["Cargo's index", settings, `sparse+https://${dualStack}/cargo/my-repo/`, "cargo"],
    ["pip's index", settings, `https://aws@${dualStack}/pypi/my-repo/simple/my-package/`, "pypi"],
    ["npm's tarball", settings, `https://${dualStack}/npm/my-repo/x/-/x-1.0.0.tgz`, "npm"],
    ["in capitals", settings, `https://${dualStack.toUpperCase()}/npm/my-repo/`, "npm"],
    ["IPv4 where dual-stack is set up", ofVpc, `https://${host}/npm/other/`, "npm"],
    ["a VPC endpoint that is set up", ofVpc, `https://${vpc}/npm/d/my-domain-123456789012/my-repo/x`, "npm"],
    ["IPv4 where a VPC endpoint is set up", ofVpc, `https://${host}/npm/my-repo/`, "npm"],
    ["dual-stack where a VPC endpoint is set up", ofVpc, `https://${dualStack}/npm/my-repo/`, "npm"],
  ] as const)("%s", (_, own, url, format) => {
    const found = findRegistry(own, url, format);
    expect(found?.format).toBe(format);
    expect(url.replace("aws@", "").toLowerCase()).toContain(found!.endpoint);
    expect(isOnConfiguredHost(own, url.replace(/^sparse\+/, ""))).toBe(true);
  });

  test.each([
    ["another repository", settings, `https://${dualStack}/npm/my-repo-2/`],
    ["a format that is not set up", ofVpc, `https://${dualStack}/pypi/my-repo/simple/`],
    ["another region", settings, `https://${dualStack.replace("us-east-1", "us-east-2")}/npm/my-repo/`],
    ["another owner", settings, `https://${dualStack.replace("123456789012", "999999999999")}/npm/my-repo/`],
    ["plain http", settings, `http://${dualStack}/npm/my-repo/`],
    ["a port", settings, `https://${dualStack}:8443/npm/my-repo/`],
    ["the IPv4 host's d", settings, `https://${dualStack.replace(".code", ".d.code")}/npm/my-repo/`],
    ["the control plane's suffix", settings, `https://${dualStack.replace("on.aws", "api.aws")}/npm/my-repo/`],
    ["the suffix of another partition", settings, `https://${dualStack}.ic.gov/npm/my-repo/`],
    ["a name below another one", settings, `https://${dualStack}.evil.example/npm/my-repo/`],
    ["a VPC endpoint that is not set up", settings, `https://${vpc}/npm/d/my-domain-123456789012/my-repo/`],
    ["another VPC endpoint", ofVpc, `https://${vpc.replace("0f1", "0f2")}/npm/d/my-domain-123456789012/my-repo/`],
    ["a VPC endpoint's other repository", ofVpc, `https://${vpc}/npm/d/my-domain-123456789012/other/`],
    ["a VPC endpoint's other domain", ofVpc, `https://${vpc}/npm/d/old-domain-123456789012/my-repo/`],
  ] as const)("but not %s", (_, own, url) => {
    expect(findRegistry(own, url)).toBeUndefined();
  });

  test("but a host that is set up by hand has no other one", () => {
    const endpoints = { npm: "https://packages.example/npm/my-repo/" };
    const own: Settings = { version: 1, repositories: [{ ...myRepository, endpoints }] };
    expect(findRegistry(own, `${endpoints.npm}x`)?.endpoint).toBe(endpoints.npm);
    expect(findRegistry(own, `https://${host}/npm/my-repo/`)).toBeUndefined();
    expect(isOnConfiguredHost(own, `https://${host}/npm/my-repo/`)).toBe(false);
  });
});

describe("the host of a configured endpoint", () => {
  test.each([
    `https://${dualStack}/pypi/other-repo/simple/`,
    `http://${dualStack}:8080/`,
    `https://${host}/pypi/other-repo/simple/`,
    `http://${host}/`,
    `HTTP://${host.toUpperCase()}/pypi/my-repo/`,
    `http://${host}:8080/x`,
    `https://aws:secret@${host}`,
    `https://evil.example@${host}/`,
    `https://${host}./`,
    `git+https://${host}/x`,
    `https://${otherHost}/`,
    "https://evil.example\\@x/",
    `https://%6dy-domain.example/`,
    "https://\u212aelvin.example/",
  ])("%s is on it, or cannot be read", (url) => {
    expect(isOnConfiguredHost(settings, url)).toBe(true);
  });

  test.each([
    "https://pypi.org/simple/",
    `https://${host}.evil.example/`,
    `https://x${host}/`,
    `https://evil.example/${host}`,
    `https://${host}@evil.example/`,
    `https://evil.example?@${host}`,
    `https://evil.example#@${host}`,
    "http://[::1]:8080/",
    "http://127.0.0.1/",
    host,
    "file:relative",
  ])("%s is not on it", (url) => {
    expect(isOnConfiguredHost(settings, url)).toBe(false);
  });
});

test("an endpoint of the settings that is not https gets no token", () => {
  const plain = structuredClone(settings);
  plain.repositories[0]!.endpoints = { npm: `http://${host}/npm/my-repo/` };
  expect(findRegistry(plain, `http://${host}/npm/my-repo/`)).toBeUndefined();
  expect(findRegistry(plain, `https://${host}/npm/my-repo/`)).toBeUndefined();
});

test.each(["sparse+", "SPARSE+", "Sparse+", "sPaRsE+"])(
  "%s means Cargo's index and nothing else, in any case",
  (scheme) => {
    const endpoints = { cargo: "https://repo.example/cargo/r/", npm: "https://repo.example/npm/r/" };
    const repository = { domain: "d1", domainOwner: "123456789012", region: "us-east-1", repository: "r1", endpoints };
    const own = { version: 1 as const, repositories: [repository] };
    const find = (url: string, format?: "cargo" | "npm") => findRegistry(own, url, format)?.endpoint;
    expect(find(`${scheme}https://repo.example/cargo/r/`)).toBe(endpoints.cargo);
    expect(find(`${scheme}https://repo.example/cargo/r/`, "cargo")).toBe(endpoints.cargo);
    expect(find(`${scheme}https://repo.example/npm/r/`)).toBeUndefined();
    expect(find(`${scheme}https://repo.example/npm/r/`, "npm")).toBeUndefined();
    expect(find(`${scheme}http://repo.example/cargo/r/`)).toBeUndefined();
    expect(find(`x${scheme}https://repo.example/cargo/r/`)).toBeUndefined();
  },
);
