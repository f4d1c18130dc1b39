/** `vouch setup`: configures the AWS role and the package managers. */
import { defineCommand } from "../../framework/command.ts";
import { aws } from "./aws.ts";
import { codeartifact } from "./codeartifact/codeartifact.ts";
import { login } from "./login.ts";
import { setupLog } from "./log.ts";
import { setupSession } from "./session.ts";
import { notifications } from "./notifications.ts";

export const setup = defineCommand({
  meta: {
    name: "setup",
    description:
      "Name the AWS role that you use, configure your package managers for a repository in AWS CodeArtifact, and choose where you are asked and notified, what ends a session, and what is kept of who asked.",
  },
  subCommands: { aws, codeartifact, login, notifications, session: setupSession, log: setupLog },
});
