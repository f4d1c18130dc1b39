import { propertyRuns } from "../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  equivalentEndpoints,
  packageEndpoint,
  type PackageHost,
  parsePackageEndpoint,
  parseVpcHost,
} from "../../src/aws/package-endpoints.ts";
import { VouchError } from "../../src/base/errors.ts";
import { packageFormats } from "../../src/base/package-format.ts";

const names = { domain: "my-domain", domainOwner: "123456789012", repository: "my-repo" };
const name = { ...names, format: "npm" as const };
const vpc = "vpce-0743fe535b883ffff-76ddffff";

/** One region of each partition, and the suffixes of its IPv4 and dual-stack hosts. */
const partitions = [
  ["us-east-1", "amazonaws.com", "on.aws"],
  ["cn-north-1", "amazonaws.com.cn", "on.amazonwebservices.com.cn"],
  ["us-gov-west-1", "amazonaws.com", "on.aws"],
  ["eusc-de-east-1", "amazonaws.eu", "on.amazonwebservices.eu"],
  ["us-iso-east-1", "c2s.ic.gov", "on.aws.ic.gov"],
  ["us-isob-east-1", "sc2s.sgov.gov", "on.aws.scloud"],
  ["eu-isoe-west-1", "cloud.adc-e.uk", "on.cloud-aws.adc-e.uk"],
  ["us-isof-south-1", "csp.hci.ic.gov", "on.aws.hci.ic.gov"],
] as const;

describe("the package host of CodeArtifact", () => {
  describe.each(partitions)("in %s", (region, suffix, onSuffix) => {
    test.each<[PackageHost, string]>([
      ["ipv4", `https://my-domain-123456789012.d.codeartifact.${region}.${suffix}/npm/my-repo/`],
      ["dualstack", `https://my-domain-123456789012.codeartifact.${region}.${onSuffix}/npm/my-repo/`],
      [vpc, `https://${vpc}.d.codeartifact.${region}.vpce.${suffix}/npm/d/my-domain-123456789012/my-repo/`],
    ])("is made for %s and taken to pieces again: %s", (host, url) => {
      expect(packageEndpoint({ ...name, region, host })).toBe(url);
      expect(parsePackageEndpoint(url)).toEqual({ ...name, region, host });
      expect(parsePackageEndpoint(`${url}@acme/tool`)).toEqual({ ...name, region, host });
    });

    test("has an equivalent under each other host that follows from the names", () => {
      const [ipv4, dualstack, private_] = (["ipv4", "dualstack", vpc] as const).map((host) =>
        packageEndpoint({ ...name, region, host }),
      ) as [string, string, string];
      const others = (endpoint: string) => equivalentEndpoints({ ...names, region }, "npm", endpoint);
      expect(others(ipv4)).toEqual([dualstack]);
      expect(others(ipv4.slice(0, -1))).toEqual([dualstack]);
      expect(others(dualstack)).toEqual([ipv4]);
      expect(others(private_)).toEqual([ipv4, dualstack]);
    });

    test("of a VPC endpoint is read without a path", () => {
      expect(parseVpcHost(`https://${vpc}.d.codeartifact.${region}.vpce.${suffix}/`)).toEqual({ host: vpc, region });
      expect(parseVpcHost(`https://${vpc}.d.codeartifact.${region}.vpce.${suffix}.evil.example`)).toBeUndefined();
    });
  });

  test.each<[string, Partial<typeof name> & { region?: string }]>([
    ["a domain in upper case", { domain: "My-Domain" }],
    ["a domain that is a path", { domain: "a/b" }],
    ["a domain of one character", { domain: "a" }],
    ["a domain of 51 characters", { domain: "a".repeat(51) }],
    ["an owner of 11 digits", { domainOwner: "12345678901" }],
    ["a repository that climbs", { repository: "../x" }],
    ["a region that is a host", { region: "us-east-1.evil.example" }],
    ["a region with a typing error", { region: "us-east1" }],
    ["the pseudo region", { region: "aws-global" }],
  ])("is not made: %s is refused", (_, change) => {
    expect(() => packageEndpoint({ ...name, region: "us-east-1", ...change })).toThrow(VouchError);
  });
});

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const vpcHost = `${vpc}.d.codeartifact.us-east-1.vpce.amazonaws.com`;

test.each([
  ["plain http", `http://${host}/npm/my-repo/`],
  ["a port", `https://${host}:8443/npm/my-repo/`],
  ["another suffix", `https://${host}.evil.example/npm/my-repo/`],
  ["another partition's suffix", `https://${host}.cn/npm/my-repo/`],
  ["the IPv4 host without its d", `https://${host.replace(".d.", ".")}/npm/my-repo/`],
  ["the dual-stack host with a d", "https://my-domain-123456789012.d.codeartifact.us-east-1.on.aws/npm/my-repo/"],
  ["the control plane's suffix", "https://my-domain-123456789012.codeartifact.us-east-1.api.aws/npm/my-repo/"],
  ["an owner of 11 digits", `https://${host.replace("123456789012", "12345678901")}/npm/my-repo/`],
  ["no domain", `https://${host.replace("my-domain-", "")}/npm/my-repo/`],
  ["no repository", `https://${host}/npm/`],
  ["an encoded repository", `https://${host}/npm/%6dy-repo/`],
  ["a VPC endpoint without its d in the path", `https://${vpcHost}/npm/my-domain-123456789012/my-repo/`],
  ["a VPC endpoint with the path of another host", `https://${vpcHost}/npm/my-repo/`],
  ["a VPC endpoint without vpce", `https://${vpcHost.replace(".vpce", "")}/npm/d/my-domain-123456789012/my-repo/`],
  [
    "a VPC endpoint of another service",
    `https://${vpc}.s3.us-east-1.vpce.amazonaws.com/npm/d/my-domain-123456789012/r1/`,
  ],
  ["no URL", "my-domain"],
])("is no endpoint of AWS's forms: %s", (_, url) => {
  expect(parsePackageEndpoint(url)).toBeUndefined();
  expect(equivalentEndpoints({ ...names, region: "us-east-1" }, "npm", url)).toEqual([]);
});

test.each([
  ["another domain", host.replace("my-domain", "other")],
  ["another owner", host.replace("123456789012", "999999999999")],
  ["another region", host.replace("us-east-1", "eu-west-1")],
])("has no equivalent: an endpoint with %s than the repository's own", (_, other) => {
  expect(equivalentEndpoints({ ...names, region: "us-east-1" }, "npm", `https://${other}/npm/my-repo/`)).toEqual([]);
});

test("has no equivalent: an endpoint of another format or repository", () => {
  const repository = { ...names, region: "us-east-1" };
  expect(equivalentEndpoints(repository, "npm", `https://${host}/pypi/my-repo/`)).toEqual([]);
  expect(equivalentEndpoints(repository, "npm", `https://${host}/npm/other/`)).toEqual([]);
});

test("whatever the names, an endpoint is taken to the pieces that it was made of", () => {
  // A label that begins with xn-- is read as an internationalised one, and no URL can have most of them.
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/).filter((label) => !label.startsWith("xn--"));
  fc.assert(
    fc.property(
      word,
      fc.stringMatching(/^[0-9]{12}$/),
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{1,40}$/),
      fc.constantFrom(...partitions.map(([region]) => region)),
      fc.constantFrom(...packageFormats),
      fc.oneof(
        fc.constantFrom<PackageHost>("ipv4", "dualstack"),
        fc.stringMatching(/^[a-z0-9-]{1,40}$/).map((id): PackageHost => `vpce-${id}`),
      ),
      (domain, domainOwner, repository, region, format, form) => {
        const parts = { domain, domainOwner, repository, region, format, host: form };
        expect(parsePackageEndpoint(packageEndpoint(parts))).toEqual(parts);
      },
    ),
    { numRuns: propertyRuns },
  );
});

test("whatever a stranger makes of a host, what is taken to pieces makes the same host again", () => {
  const label = fc.constantFrom(
    ..."my-domain-123456789012 vpce-1 d codeartifact us-east-1 cn-north-1 vpce amazonaws com cn on aws api evil example".split(
      " ",
    ),
  );
  const path = fc.constantFrom("/npm/my-repo/", "/npm/d/my-domain-123456789012/my-repo/", "/", "/npm/d/x/my-repo");
  const whole = fc.constantFrom(
    host,
    vpcHost,
    "my-domain-123456789012.codeartifact.us-east-1.on.aws",
    `${host}.cn`,
    "evil.example",
  );
  const anyHost = fc.oneof(
    whole,
    fc.array(label, { minLength: 4, maxLength: 8 }).map((labels) => labels.join(".")),
    fc.tuple(whole, label).map((pair) => pair.join(".")),
    fc.tuple(label, whole).map((pair) => pair.join(".")),
  );
  fc.assert(
    fc.property(anyHost, path, (asked, rest) => {
      const found = parsePackageEndpoint(`https://${asked}${rest}`);
      if (!found) return;
      const made = new URL(packageEndpoint({ ...found, format: "npm" }));
      expect(made.hostname).toBe(asked);
      expect(`${rest}/`).toStartWith(made.pathname);
    }),
    { numRuns: propertyRuns * 10 },
  );
});
