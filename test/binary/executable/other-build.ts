/** Builds of these sources that pass for another version of vouch; their security key is a Unix socket. */
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { ignoringItsFolder } from "../../../build/compile-options.ts";

const root = join(import.meta.dir, "../../..");

export interface OtherVersion {
  version: string;
  /** The version of the agent's protocol; that of the sources without it. */
  protocol?: number;
  build?: string;
  /** Whether its agent knows no way to restart itself. */
  staysAsItIs?: boolean;
}

/** Compiles the executable to a path. Throws when the sources do not have what is replaced. */
export async function buildOtherVersion(outfile: string, other: OtherVersion): Promise<void> {
  await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    root: join(root, "src"),
    target: "bun",
    format: "esm",
    splitting: true,
    plugins: [socketInsteadOfHid, passingFor(other)],
    define: { VOUCH_HAS_FIRST_STAGE: "false", VOUCH_BUILD: JSON.stringify(other.build ?? "0".repeat(12)) },
    compile: { outfile, execArgv: ["--use-system-ca"], ...ignoringItsFolder },
  });
}

const socketInsteadOfHid: BunPlugin = {
  name: "socket-instead-of-hid",
  setup(build) {
    build.onResolve({ filter: /\/node-hid\.ts$/ }, () => ({ path: join(root, "test/authenticator/transport.ts") }));
  },
};

function passingFor({ version, protocol, staysAsItIs = false }: OtherVersion): BunPlugin {
  return {
    name: "other-version",
    setup(build) {
      build.onLoad({ filter: /\/src\/base\/build-info\.ts$/ }, async ({ path }) => ({
        contents: replaced(await Bun.file(path).text(), "packageJson.version", JSON.stringify(version)),
        loader: "ts",
      }));
      build.onLoad({ filter: /\/src\/agent\/protocol\.ts$/ }, async ({ path }) => {
        const text = await Bun.file(path).text();
        const declaration = /protocolVersion = \d+;/.exec(text)?.[0] ?? "protocolVersion";
        const ofProtocol =
          protocol === undefined ? text : replaced(text, declaration, `protocolVersion = ${protocol};`);
        const contents = staysAsItIs ? replaced(ofProtocol, '"/v1/restart"', '"/v1/unknown"') : ofProtocol;
        return { contents, loader: "ts" };
      });
    },
  };
}

function replaced(text: string, search: string, replacement: string): string {
  if (text.split(search).length !== 2) throw new Error(`expected "${search}" once`);
  return text.replace(search, replacement);
}
