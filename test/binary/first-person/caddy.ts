/** Caddy on a booted machine, with what `apt-get install caddy` brings, and a certificate authority of its own. */
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BootedMachine } from "../recovery/booted-machine.ts";
import { type Replacements, typedUnder } from "./page.ts";

const authority = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt";

/**
 * Types what the page has under this heading, for Caddy on the machine's own address; returns the authority of its
 * certificate for vouch.example.com, PEM.
 */
export async function startCaddy(
  machine: BootedMachine,
  heading: string,
  replacements: Replacements = {},
): Promise<string> {
  mkdirSync(join(machine.root, "etc/caddy"), { recursive: true });
  appendFileSync(join(machine.root, "etc/hosts"), `${machine.address} vouch.example.com\n`);
  await machine.type(
    "useradd --system --user-group --home-dir /var/lib/caddy --create-home --shell /usr/sbin/nologin caddy",
  );
  // No authority of the Internet can look at this machine, and port and administration are those of one of many.
  const own = `{\n    local_certs\n    skip_install_trust\n    admin off\n    default_bind ${machine.address}\n}\n`;
  const site = "<< 'END'\n";
  const text = typedUnder(heading, { ...replacements, [site]: site + own });
  await machine.type(`export CURL_CA_BUNDLE=${authority}\n${text}`);
  return readFileSync(join(machine.root, authority), "utf8");
}
