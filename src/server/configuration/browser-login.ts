/** The settings of the login in the browser, taken together. */
import { VouchError } from "../../base/errors.ts";
import type { ServerContext } from "../context.ts";
import type { Settings } from "./table.ts";

type Given = Partial<Pick<Settings, "browser-login" | "browser-login-publish" | "pages">>;

/** Undefined where it is off. Throws `usage` for settings that do not go together. */
export function browserLoginOf(settings: Given): ServerContext["browserLogin"] {
  const publish = settings["browser-login-publish"] === "on";
  if (settings["browser-login"] !== "on") {
    if (!publish) return undefined;
    throw new VouchError("usage", "Expected --browser-login on with --browser-login-publish on, got off.");
  }
  if (settings.pages === "off") {
    throw new VouchError("usage", "Expected --pages on with --browser-login on, got off.", {
      hint: "People log in at the server's pages.",
    });
  }
  return { publish };
}
