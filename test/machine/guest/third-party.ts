/** Other people's programs: clients that must take our software key for an honest one, and a key for Vouch. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Debian's fido2-tools, the command line of libfido2. */
export const thirdPartyPrograms = ["fido2-token", "fido2-cred", "fido2-assert"];

/** A Python that has python3-fido2; Debian's own may stand behind another on PATH. */
export function findPythonFido2(): string | undefined {
  const candidates = [Bun.which("python3"), "/usr/bin/python3"].filter((path) => path !== null);
  return candidates.find((path) => {
    try {
      return Bun.spawnSync([path, "-c", "import fido2.hid"], { stdio: ["ignore", "ignore", "ignore"] }).success;
    } catch {
      return false;
    }
  });
}

/**
 * The software authenticator of soft-fido2 (crates.io), an example program of that crate that makes its own device of
 * /dev/uhid; `.ci/run` installs it. It says yes to every touch and every verification by itself.
 */
export function findSoftFido2(): string | undefined {
  const path = join(import.meta.dir, "../../../.tools/soft-fido2/bin/virtual_authenticator");
  return existsSync(path) ? path : undefined;
}
