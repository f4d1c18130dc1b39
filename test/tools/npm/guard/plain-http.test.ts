import { expect, test } from "bun:test";
import { plainHostsIn, plainHttpVariables } from "../../../../src/tools/npm/guard/plain-http.ts";

const hosts = ["d-1.d.codeartifact.us-east-1.amazonaws.com", "packages.example.com:8443"];
const ask = (env: Record<string, string>, plainHosts: string[] = [], own: { key: string; value: string }[] = []) =>
  plainHttpVariables({ tool: "npm", env, own, hosts, plainHosts });

test.each<[string, Record<string, string>, { key: string; value: string }[]]>([
  ["HTTPS_PROXY", { HTTPS_PROXY: "http://proxy:1" }, []],
  ["http_proxy", { http_proxy: "http://proxy:1" }, []],
  ["Proxy", { Proxy: "http://proxy:1" }, []],
  ["npm's variable", { NPM_CONFIG_HTTPS_PROXY: "http://proxy:1" }, []],
  ["~/.npmrc", {}, [{ key: "proxy", value: "http://proxy:1" }]],
])("a proxy of the user's own is left alone: %s", (_, env, own) => {
  expect(ask(env, [], own)).toEqual({});
});

test.each<[string, Record<string, string>]>([
  ["nothing", {}],
  ["an empty variable", { HTTP_PROXY: "" }],
  ["npm's own word for none", { npm_config_proxy: "null" }],
  ["what an outer npm was given", { proxy: "plain-http-refused-by-vouch://no-tls" }],
])("without a proxy of the user's own, plain http leads nowhere: %s", (_, env) => {
  expect(ask(env)).toEqual({
    proxy: "plain-http-refused-by-vouch://no-tls",
    npm_config_noproxy: "localhost,127.0.0.1,[::1]",
  });
});

test.each([
  "amazonaws.com",
  ".AMAZONAWS.com",
  "com",
  "*",
  "true",
  "d-1.d.codeartifact.us-east-1.amazonaws.com",
  "d-1.d.codeartifact.us-east-1.amazonaws.com.",
  "packages.example.com",
])("no exception from the proxy covers a host with a token: %s", (name) => {
  const { npm_config_noproxy } = ask({ NO_PROXY: `${name},other.example.org` }, [name]);
  expect(npm_config_noproxy).toBe("other.example.org,localhost,127.0.0.1,[::1]");
});

test("hosts that are named for plain http in the open are excepted from the proxy", () => {
  expect(ask({}, ["nexus.local"])["npm_config_noproxy"]).toBe("localhost,127.0.0.1,[::1],nexus.local");
});

test("the hosts of plain http are found in a text", () => {
  const text = '{"a":"http://A.example/x","b":"https://no.example/","c":"HTTP://u:p@b.example:8080/"}';
  expect(plainHostsIn(text)).toEqual(["a.example", "b.example"]);
});

test("a host that is no name is none of the exceptions, whose list it would split", () => {
  expect(
    plainHostsIn("http://%2cd-1.d.codeartifact.us-east-1.amazonaws.com/z http://a%20b/ http://fine.example/"),
  ).toEqual(["fine.example"]);
});
