import { expect, test } from "bun:test";
import { networkVariables } from "../../../src/agent/process/network-variables.ts";

test.each([
  ["http://proxy.example:3128", "http://proxy.example:3128"],
  ["http://dev:s3cret@proxy.example:3128", "http://…@proxy.example:3128"],
  ["http://s3cret@proxy.example/", "http://…@proxy.example/"],
  ["http://dev:s3@cret@proxy.example:3128", "http://…@proxy.example:3128"],
  ["dev:s3cret@proxy.example:3128", "…@proxy.example:3128"],
  ["http://dev:s3/cret@proxy.example", "http://…@proxy.example"],
  ["http://proxy.example/?token=s3cret", "http://proxy.example/"],
  ["http://proxy.example/\u001b[2J\nx", "http://proxy.example/\ufffd[2J x"],
])("of a proxy %j the status shows %j", (value, shown) => {
  expect(networkVariables({ HTTPS_PROXY: value })).toEqual({ HTTPS_PROXY: shown });
});

test("the status shows only variables about the network that are set, and cuts long ones", () => {
  const env = {
    AWS_SECRET_ACCESS_KEY: "s3cret",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_EXTRA_CA_CERTS: "/ca#1.pem",
    AWS_CA_BUNDLE: "",
    no_proxy: "x".repeat(5000),
  };
  expect(networkVariables(env)).toEqual({
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_EXTRA_CA_CERTS: "/ca#1.pem",
    no_proxy: `${"x".repeat(300)}…`,
  });
});
