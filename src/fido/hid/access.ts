/** Hints for a denied permission: how the user gets access to a security key on each platform. */
import { existsSync } from "node:fs";
import type { HidDeviceInfo } from "./transport.ts";

/** System facts that the hint depends on. */
export interface AccessFacts {
  platform: NodeJS.Platform;
  /** The user id. */
  uid: number;
  /** Linux: whether udev runs, and whether it recognizes FIDO keys (`fido_id`, systemd 244 or later). */
  udev: "absent" | "without fido_id" | "with fido_id";
}

/**
 * Sorts before 73-seat-late.rules, which applies the tag `uaccess`, and after 60-fido-id.rules, which sets
 * ID_FIDO_TOKEN.
 */
const ruleFile = "/etc/udev/rules.d/70-security-key.rules";
const reload = "sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=hidraw";

/** The hint for a user who is denied permission to open the key. */
export function accessHint(info: HidDeviceInfo, facts: AccessFacts = observe()): string {
  switch (facts.platform) {
    case "linux":
      return linuxHint(info, facts);
    case "win32":
      return "Windows opens security keys only for administrators: repeat the command in a terminal that runs as administrator.";
    default:
      return "Allow your terminal under System Settings, Privacy & Security, Input Monitoring, then repeat the command.";
  }
}

/**
 * A udev rule that grants access to this key. The tag `uaccess` grants it to the user of the local seat. A udev with
 * `fido_id` already tags every FIDO key; if access is denied all the same, the session is remote (SSH), so the rule
 * sets this user as owner. An older udev needs the key's vendor and product id.
 */
export function udevRule({ vendorId, productId }: HidDeviceInfo, { uid, udev }: AccessFacts): string {
  if (udev === "without fido_id") {
    return `SUBSYSTEM=="hidraw", ATTRS{idVendor}=="${hex(vendorId)}", ATTRS{idProduct}=="${hex(productId)}", TAG+="uaccess"`;
  }
  const rule = 'SUBSYSTEM=="hidraw", ENV{ID_FIDO_TOKEN}=="1", TAG+="uaccess"';
  return udev === "absent" || uid === 0 ? rule : `${rule}, OWNER="${uid}"`;
}

function linuxHint(info: HidDeviceInfo, facts: AccessFacts): string {
  const rule = `Install the udev rule: \`echo '${udevRule(info, facts)}' | sudo tee ${ruleFile}\`, then \`${reload}\`.`;
  if (facts.udev !== "absent") return rule;
  return `${rule} For a container, do so on its host and pass the device to it with \`--device ${info.path}\`.`;
}

function hex(id: number): string {
  return id.toString(16).padStart(4, "0");
}

function observe(): AccessFacts {
  const rules = ["/usr/lib/udev/rules.d", "/lib/udev/rules.d", "/etc/udev/rules.d"];
  const knowsFido = rules.some((folder) => existsSync(`${folder}/60-fido-id.rules`));
  const udev = existsSync("/run/udev/control") ? (knowsFido ? "with fido_id" : "without fido_id") : "absent";
  return { platform: process.platform, uid: process.getuid?.() ?? 0, udev };
}
