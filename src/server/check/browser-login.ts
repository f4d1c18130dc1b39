/** Looks at the login in the browser: whether its settings go together. */
import { browserLoginOf } from "../configuration/browser-login.ts";
import type { Settings } from "../configuration/table.ts";
import { failed, type Finding } from "./finding.ts";

export function checkBrowserLogin(settings: Partial<Settings>): Finding[] {
  try {
    browserLoginOf(settings);
    return [];
  } catch (error) {
    return [failed("login in the browser", error)];
  }
}
