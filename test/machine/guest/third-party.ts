/** The clients of others that must take our software key for an honest one. */

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
