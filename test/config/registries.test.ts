import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findRegistry } from "../../src/config/registries.ts";
import type { Settings } from "../../src/config/settings.ts";

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const otherHost = "my-domain-123456789012.d.codeartifact.eu-west-1.amazonaws.com";

const settings: Settings = {
  version: 1,
  repositories: [
    {
      domain: "my-domain",
      domainOwner: "123456789012",
      region: "us-east-1",
      repository: "my-repo",
      endpoints: {
        cargo: `https://${host}/cargo/my-repo/`,
        pypi: `https://${host}/pypi/my-repo/`,
        npm: `https://${host}/npm/my-repo/`,
      },
    },
    {
      domain: "my-domain",
      domainOwner: "123456789012",
      region: "eu-west-1",
      repository: "my-repo",
      endpoints: { npm: `https://${otherHost}:8443/npm/my-repo` },
    },
  ],
};

describe("URLs of a configured endpoint", () => {
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
  ] as const)("%s", (url, format) => {
    expect(findRegistry(settings, url)?.format).toBe(format);
    expect(findRegistry(settings, url, format)?.format).toBe(format);
    for (const other of (["cargo", "pypi", "npm"] as const).filter((each) => each !== format)) {
      expect(findRegistry(settings, url, other)).toBeUndefined();
    }
  });

  test.each([[host], [`${host}:443`], [host.toUpperCase()]])("the bare host %s is that of PyPI", (bare) => {
    expect(findRegistry(settings, bare)?.endpoint).toBe(`https://${host}/pypi/my-repo/`);
    expect(findRegistry(settings, bare, "pypi")?.endpoint).toBe(`https://${host}/pypi/my-repo/`);
    expect(findRegistry(settings, bare, "cargo")).toBeUndefined();
    expect(findRegistry(settings, bare, "npm")).toBeUndefined();
  });

  test("the answer names the repository", () => {
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
])("not ours: %s", (_, url) => {
  expect(findRegistry(settings, url)).toBeUndefined();
});

test("whatever is asked, an answer's endpoint has the host that a URL parser sees in the question", () => {
  const part = fc.constantFrom(
    ..."https:// sparse+ aws @ : / \\ . .. %2e ? # 443 evil.example".split(" "),
    host,
    "/pypi/my-repo/",
    "/cargo/my-repo/",
    "simple/",
    "\t",
    "\n",
    "а",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const asked = parts.join("");
      const found = findRegistry(settings, asked);
      if (!found) return;
      const text = asked.replace(/^sparse\+/i, "");
      const url = new URL(text.includes("//") ? text : `https://${text}/pypi/my-repo/`);
      expect(url.host).toBe(new URL(found.endpoint).host);
      expect(url.protocol).toBe("https:");
      expect(url.password).toBe("");
      expect(`${url.pathname}/`).toStartWith(new URL(found.endpoint).pathname);
    }),
    { numRuns: 3000 },
  );
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
