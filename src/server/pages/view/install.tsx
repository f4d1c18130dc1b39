/** How a newcomer gets the program. */
import { h } from "./jsx.ts";
import { Command } from "./parts.tsx";

/** Runs the install script of the newest release, as the README has it. */
export const installCommand =
  "curl -fsSL https://github.com/example-org/vouch/releases/latest/download/install.sh | sh";

export function Install() {
  return <Command>{installCommand}</Command>;
}
