/** The AWS CLI: Vouch is its `credential_process`, and the token that it prints fetches a package. */
import { dirname } from "node:path";
import { names } from "../../sandbox/main.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import type { Driver } from "../cell.ts";

/** `aws` is the path of the program. */
export function awsCli(aws: string): Driver {
  return {
    format: "npm",
    setup: [],
    own: {},
    async prepare(desk) {
      desk.addToPath([dirname(aws)]);
      Object.assign(desk.env, { AWS_EC2_METADATA_DISABLED: "true", AWS_MAX_ATTEMPTS: "1", AWS_DEFAULT_OUTPUT: "text" });
      return (await desk.run(["aws", "--version"])).split(" ")[0]!;
    },
    async install(desk) {
      const { laptop } = desk.office;
      const source = { name: desk.package, version: "1.0.0", files: {} };
      await seedPackage(laptop.sandbox.registries, "npm", source);
      // As the documentation has it: the AWS CLI writes its own file, and no secret is in it.
      await desk.run(["aws", "configure", "set", "profile.vouch.credential_process", "vouch credential aws"]);
      await desk.run(["aws", "configure", "set", "profile.vouch.region", names.region]);
      const domain = ["--profile", "vouch", "--domain", names.domain];
      const repository = [...domain, "--repository", names.repository, "--format", "npm"];
      const endpoint = await desk.run(["aws", "codeartifact", "get-repository-endpoint", ...repository]);
      const ask = ["aws", "codeartifact", "get-authorization-token", ...domain, "--query", "authorizationToken"];
      const authorization = `Bearer ${(await desk.run(ask)).trim()}`;
      const file = `${endpoint.trim()}${desk.package}/-/${desk.package}-1.0.0.tgz`;
      const { status } = await laptop.sandbox.fetch(file, { headers: { authorization } });
      if (status !== 200) throw new Error(`${file} was answered with ${status}`);
      desk.expectFetched("npm", /\.tgz$/);
    },
  };
}
