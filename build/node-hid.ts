/** Embeds node-hid's binding: the package finds it by the path it was installed under, which a compiled program has not. */
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { withoutNeededLibrary } from "./needed-libraries.ts";

const root = join(import.meta.dir, "..");

/** The plugin for the binding in `folder` of the package's prebuilds (`HID_hidraw-linux-x64` and so on). */
export function embedNodeHid(folder: string): BunPlugin {
  return {
    name: "embed-node-hid",
    setup(build) {
      build.onLoad({ filter: /node-hid[\\/]nodehid\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const call = 'require("pkg-prebuilds/bindings")(__dirname, options)';
        if (!source.includes(call)) throw new Error(`node-hid loads its binding in another way than "${call}"`);
        const binding = await nodeHidBinding(folder);
        return { contents: source.replace(call, `require(${JSON.stringify(binding)})`), loader: "js" };
      });
    },
  };
}

/** The path of the binding; on Linux of a copy that does not ask for the libusb that it does not use. */
export async function nodeHidBinding(folder: string): Promise<string> {
  const prebuild = join(root, "node_modules/node-hid/prebuilds", folder, "node-napi-v4.node");
  if (!folder.startsWith("HID_hidraw-linux")) return prebuild;
  const copy = join(root, "dist", `${folder}.node`);
  await Bun.write(copy, withoutNeededLibrary(await Bun.file(prebuild).bytes(), "libusb-1.0.so.0"));
  return copy;
}
