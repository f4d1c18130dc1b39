/** A real sshd for one user, with keys of its own: ssh starts it as its ProxyCommand, so that there is no port. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const sshdProgram = "/usr/sbin/sshd";

export interface Sshd {
  /** The options of ssh that reach the host `far`. */
  options: string[];
  /** The home folder, and the runtime folder, of whoever logs in. */
  home: string;
  runtime: string;
}

/** Prepares it below the folder; `settings` are lines of sshd_config, `env` is what a session has besides. */
export function prepareSshd(folder: string, env: Record<string, string>, ...settings: string[]): Sshd {
  const [home, runtime] = [join(folder, "far-home"), join(folder, "far-run")];
  for (const path of [home, runtime]) mkdirSync(path, { recursive: true, mode: 0o700 });
  // Privilege separation, where it runs as root.
  if (process.getuid!() === 0) mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["host-key", "user-key"]) {
    const made = Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    if (!made.success) throw new Error(made.stderr.toString());
  }
  const given = { HOME: home, XDG_RUNTIME_DIR: runtime, ...env };
  const shown = Object.entries(given).map(([name, value]) => `"${name}=${value}"`);
  writeFileSync(
    join(folder, "sshd_config"),
    [
      ...settings,
      `HostKey ${folder}/host-key`,
      `AuthorizedKeysFile ${folder}/user-key.pub`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin yes",
      "PasswordAuthentication no",
      "PidFile none",
      "LogLevel VERBOSE",
      `SetEnv ${shown.join(" ")}`,
      "",
    ].join("\n"),
  );
  writeFileSync(
    join(folder, "ssh_config"),
    [
      "Host far",
      `  ProxyCommand ${sshdProgram} -i -f ${folder}/sshd_config -E ${folder}/sshd.log`,
      `  IdentityFile ${folder}/user-key`,
      "  IdentitiesOnly yes",
      "  IdentityAgent none",
      "  StrictHostKeyChecking no",
      "  UserKnownHostsFile /dev/null",
      "  LogLevel ERROR",
      "",
    ].join("\n"),
  );
  chmodSync(join(folder, "user-key"), 0o600);
  return { options: ["-F", join(folder, "ssh_config")], home, runtime };
}
