/**
 * Builds the executables:
 *   bun build.ts              dist/vouch, the release for this machine
 *   bun build.ts --sandbox    dist/sandbox/vouch as well: the same, but its security key is a Unix socket
 * and dist/metafile.json, which says what each chunk of the release reaches.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BunPlugin } from "bun";

const root = import.meta.dir;

/** node-hid finds its binding by the path it was installed under; a compiled program needs the target's file embedded. */
function embedNodeHid(platform: string, arch: string): BunPlugin {
  const name = platform === "linux" ? "HID_hidraw" : "HID";
  const file = join(root, `node_modules/node-hid/prebuilds/${name}-${platform}-${arch}/node-napi-v4.node`);
  return {
    name: "embed-node-hid",
    setup(build) {
      build.onLoad({ filter: /node-hid[\\/]nodehid\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const call = 'require("pkg-prebuilds/bindings")(__dirname, options)';
        if (!source.includes(call)) throw new Error(`node-hid loads its binding in another way than "${call}"`);
        return { contents: source.replace(call, `require(${JSON.stringify(file)})`), loader: "js" };
      });
    },
  };
}

/** The sandbox's security key: HID reports over a Unix socket. Chosen here, so that nothing can swap it at run time. */
const socketInsteadOfHid: BunPlugin = {
  name: "socket-instead-of-hid",
  setup(build) {
    build.onResolve({ filter: /\/node-hid\.ts$/ }, () => ({ path: join(root, "test/authenticator/transport.ts") }));
  },
};

async function compile(outfile: string, plugin: BunPlugin): Promise<Bun.BuildOutput> {
  const result = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    root: join(root, "src"),
    target: "bun",
    format: "esm",
    splitting: true,
    minify: true,
    bytecode: true,
    metafile: true,
    plugins: [plugin],
    compile: {
      outfile: join(root, outfile),
      // The folder it is started in is hostile: nothing in it may change what the executable does.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  console.log(`built ${outfile}`);
  return result;
}

mkdirSync(join(root, "dist/sandbox"), { recursive: true });
const { metafile } = await compile("dist/vouch", embedNodeHid(process.platform, process.arch));
writeFileSync(join(root, "dist/metafile.json"), JSON.stringify(metafile));
if (process.argv.includes("--sandbox")) await compile("dist/sandbox/vouch", socketInsteadOfHid);
