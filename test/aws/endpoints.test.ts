import { describe, expect, test } from "bun:test";
import { controlEndpoint } from "../../src/aws/endpoints.ts";
import { regionPartition } from "../../src/aws/partitions.ts";
import { VouchError } from "../../src/base/errors.ts";
import { live, recorded, type EndpointVector } from "./botocore.ts";

/** Our answer in botocore's terms. */
function ours({ service, region, fips, dualStack }: EndpointVector): string | null {
  try {
    return controlEndpoint(service, region, {
      AWS_USE_FIPS_ENDPOINT: String(fips),
      AWS_USE_DUALSTACK_ENDPOINT: String(dualStack),
    });
  } catch (error) {
    if (error instanceof VouchError && error.code === "usage") return null;
    throw error;
  }
}

function ourPartition(region: string): EndpointVector["partition"] {
  const { id, dnsSuffix, dualStackDnsSuffix, supportsFips, supportsDualStack } = regionPartition(region);
  return { name: id, dnsSuffix, dualStackDnsSuffix, supportsFIPS: supportsFips, supportsDualStack };
}

describe("the control hosts of STS and CodeArtifact", () => {
  test.each(recorded.endpoints)("are botocore's: $service $region fips=$fips dualstack=$dualStack: $url", (vector) => {
    expect(ourPartition(vector.region)).toEqual(vector.partition);
    expect(ours(vector)).toBe(vector.url);
  });

  test("the table of partitions has all eight", () => {
    expect([...new Set(recorded.endpoints.map(({ partition }) => partition.name))].sort()).toEqual([
      "aws",
      "aws-cn",
      "aws-eusc",
      "aws-iso",
      "aws-iso-b",
      "aws-iso-e",
      "aws-iso-f",
      "aws-us-gov",
    ]);
  });

  // An older botocore does not know every partition; where its data is the same as ours, so must be the answer.
  test.each(live())("our endpoints are those of botocore $botocore on this machine", ({ endpoints }) => {
    const comparable = endpoints.filter(({ region, partition }) => Bun.deepEquals(partition, ourPartition(region)));
    expect(comparable.length).toBeGreaterThanOrEqual(48);
    expect(comparable.map((vector) => ({ ...vector, url: ours(vector) }))).toEqual(comparable);
  });
});

describe("the variables for AWS endpoints", () => {
  test.each([
    [{ AWS_ENDPOINT_URL: "https://aws.example/base/" }, "https://aws.example/base", "https://aws.example/base"],
    [{ AWS_ENDPOINT_URL_STS: "http://127.0.0.1:4566" }, "http://127.0.0.1:4566", undefined],
    [{ AWS_ENDPOINT_URL_CODEARTIFACT: "https://vpce.example" }, undefined, "https://vpce.example"],
    [
      { AWS_ENDPOINT_URL: "https://all.example", AWS_ENDPOINT_URL_STS: "https://sts.example" },
      "https://sts.example",
      "https://all.example",
    ],
    [{ AWS_ENDPOINT_URL: "https://aws.example", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "TRUE" }, undefined, undefined],
    [{ AWS_ENDPOINT_URL: "", AWS_USE_FIPS_ENDPOINT: "false", AWS_USE_DUALSTACK_ENDPOINT: "" }, undefined, undefined],
  ] as const)("are honoured: %j", (env, sts, codeartifact) => {
    expect(controlEndpoint("sts", "eu-west-1", env)).toBe(sts ?? "https://sts.eu-west-1.amazonaws.com");
    expect(controlEndpoint("codeartifact", "eu-west-1", env)).toBe(
      codeartifact ?? "https://codeartifact.eu-west-1.amazonaws.com",
    );
  });

  test.each([
    [{ AWS_ENDPOINT_URL: "https://aws.example", AWS_USE_FIPS_ENDPOINT: "true" }, /AWS_USE_FIPS_ENDPOINT/],
    [{ AWS_ENDPOINT_URL_STS: "https://aws.example", AWS_USE_DUALSTACK_ENDPOINT: "true" }, /AWS_USE_DUALSTACK_ENDPOINT/],
    [{ AWS_ENDPOINT_URL: "sts.example" }, /AWS_ENDPOINT_URL/],
    [{ AWS_ENDPOINT_URL: "file:///etc" }, /AWS_ENDPOINT_URL/],
    [{ AWS_ENDPOINT_URL: "https://user:pass@sts.example" }, /AWS_ENDPOINT_URL/],
    [{ AWS_ENDPOINT_URL: "https://sts.example/?x=1" }, /AWS_ENDPOINT_URL/],
  ])("are refused: %j", (env, message) => {
    expect(() => controlEndpoint("sts", "eu-west-1", env)).toThrow(message);
  });
});
