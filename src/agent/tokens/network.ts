/** The machine's network as far as it is known without asking anyone: its addresses. */
import { networkInterfaces } from "node:os";

/**
 * The addresses of this machine in one text, which changes when a cable, a Wi-Fi network or a VPN comes or goes.
 * Undefined if they cannot be read.
 */
export function networkAddresses(): string | undefined {
  try {
    const found: string[] = [];
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      for (const { internal, cidr, address } of addresses ?? []) {
        if (!internal) found.push(`${name} ${cidr ?? address}`);
      }
    }
    return found.toSorted().join(", ");
  } catch {
    return undefined;
  }
}
