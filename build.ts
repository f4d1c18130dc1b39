/**
 * Builds the executables:
 *   bun build.ts              dist/vouch, the release for this machine
 *   bun build.ts --sandbox    dist/sandbox/vouch as well: the same, but its security key is a Unix socket
 * and dist/metafile.json, which says what each chunk of the release reaches.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { firstChunk } from "./build/first-chunk.ts";
import { withoutNeededLibrary } from "./build/needed-libraries.ts";

const root = import.meta.dir;

/** node-hid finds its binding by the path it was installed under; a compiled program needs the target's file embedded. */
function embedNodeHid(platform: string, arch: string): BunPlugin {
  return {
    name: "embed-node-hid",
    setup(build) {
      build.onLoad({ filter: /node-hid[\\/]nodehid\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const call = 'require("pkg-prebuilds/bindings")(__dirname, options)';
        if (!source.includes(call)) throw new Error(`node-hid loads its binding in another way than "${call}"`);
        const binding = await nodeHidBinding(platform, arch);
        return { contents: source.replace(call, `require(${JSON.stringify(binding)})`), loader: "js" };
      });
    },
  };
}

/** The path of the target's binding, on Linux of a copy that does not ask for the libusb that it does not use. */
async function nodeHidBinding(platform: string, arch: string): Promise<string> {
  const target = platform === "linux" ? `HID_hidraw-linux-${arch}` : `HID-${platform}-${arch}`;
  const prebuild = join(root, "node_modules/node-hid/prebuilds", target, "node-napi-v4.node");
  if (platform !== "linux") return prebuild;
  const copy = join(root, "dist", `${target}.node`);
  await Bun.write(copy, withoutNeededLibrary(await Bun.file(prebuild).bytes(), "libusb-1.0.so.0"));
  return copy;
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
    plugins: [firstChunk(join(root, "src/main.ts")), plugin],
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
