/** The certificates, judged by OpenSSL's strict rules. (What the clients of this machine think: clients.test.ts.) */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../requires.ts";
import { makeCertificates } from "./certificates.ts";
import { tempFolder } from "../temp-folder.ts";

const hosts = ["vouch.example.com", "*.d.codeartifact.us-east-1.amazonaws.com"];

const verdicts: [host: string, accepted: boolean][] = [
  ["vouch.example.com", true],
  ["my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com", true],
  ["d.codeartifact.us-east-1.amazonaws.com", false],
  ["a.b.d.codeartifact.us-east-1.amazonaws.com", false],
  ["other.example.com", false],
];

test.skipIf(!requires("openssl")).each(verdicts)(
  "the sandbox's certificates are accepted as for a TLS server named %s (accepted: %p)",
  async (host, accepted) => {
    using folder = tempFolder();
    const { caPath, certificate } = await makeCertificates(hosts, folder.path);
    const path = join(folder.path, "server.pem");
    writeFileSync(path, certificate);
    const options = `-x509_strict -purpose sslserver -verify_hostname ${host} -no-CApath -no-CAstore`.split(" ");
    const verify = Bun.spawnSync(["openssl", "verify", ...options, "-CAfile", caPath, path]);
    expect(verify.success, verify.stderr.toString()).toBe(accepted);
  },
);
