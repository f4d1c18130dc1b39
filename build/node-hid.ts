/** Embeds node-hid's binding: the package finds it by the path it was installed under, which a compiled program has not. */
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { withoutNeededLibrary } from "./needed-libraries.ts";
import type { Target } from "./targets.ts";

const root = join(import.meta.dir, "..");

/** What glibc's binding asks for and uses nothing of. */
const unused = "libusb-1.0.so.0";

/**
 * By these names Bun takes a library for one that only glibc can load. What the binding for arm64 uses of them, musl has
 * too (it knows `open64` and `__fxstat64` as `open` and `__fxstat`), and musl's library is there before the binding is.
 */
const glibc = ["libc.so.6", "libm.so.6", "libpthread.so.0"];

/** The plugin that makes node-hid's `require` name the target's binding. */
export function embedNodeHid(target: Target): BunPlugin {
  return {
    name: "embed-node-hid",
    setup(build) {
      build.onLoad({ filter: /node-hid[\\/]nodehid\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const call = 'require("pkg-prebuilds/bindings")(__dirname, options)';
        if (!source.includes(call)) throw new Error(`node-hid loads its binding in another way than "${call}"`);
        const binding = await nodeHidBinding(target);
        return { contents: source.replace(call, `require(${JSON.stringify(binding)})`), loader: "js" };
      });
    },
  };
}

/** The path of the target's binding; on Linux of a copy that asks for no library that it does not need. */
export async function nodeHidBinding({ name, platform, binding }: Target): Promise<string> {
  const prebuild = join(root, "node_modules/node-hid/prebuilds", binding, "node-napi-v4.node");
  if (platform !== "linux") return prebuild;
  const libraries = name.includes("musl") ? [unused, ...glibc] : [unused];
  const bytes = libraries.reduce(withoutNeededLibrary, await Bun.file(prebuild).bytes());
  const copy = join(root, "dist/bindings", `${name}.node`);
  await Bun.write(copy, bytes);
  return copy;
}
