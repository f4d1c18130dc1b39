/**
 * The error for a native HID library that does not load, with a hint from the messages of glibc's and musl's loaders.
 */
import { VouchError } from "../../base/errors.ts";

/** Package names in Debian and Ubuntu, and in Alpine. */
const packages: Readonly<Record<string, readonly [debian: string, alpine: string]>> = {
  libudev: ["libudev1", "eudev-libs"],
  "libstdc++": ["libstdc++6", "libstdc++"],
  libgcc_s: ["libgcc-s1", "libgcc"],
};

/** The VouchError for a failed load; `reason` is the dynamic loader's message. */
export function libraryError(reason: string, cause: unknown): VouchError {
  const missing = /(libudev|libstdc\+\+|libgcc_s)\.so[.\d]*: (?:cannot open|no such)/i.exec(reason)?.[1];
  return new VouchError("security_key_error", `The library for security keys did not load: ${reason}.`, {
    hint: missing === undefined ? folderHint(reason) : packageHint(missing),
    cause,
  });
}

function packageHint(library: string): string {
  const [debian, alpine] = packages[library] ?? [library, library];
  return `Install ${library} (Debian, Ubuntu: \`apt install ${debian}\`; Alpine: \`apk add ${alpine}\`).`;
}

/** The executable contains the library and extracts it into the folder for temporary files to load it. */
function folderHint(reason: string): string {
  return /failed to map segment|not permitted|permission denied/i.test(reason)
    ? "The folder for temporary files forbids execution (noexec): set TMPDIR to a folder of yours that does not."
    : "The folder for temporary files must exist, have room and be writable: set TMPDIR to one that is.";
}
