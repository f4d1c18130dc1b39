/** Looks at the login in the browser: whether its settings go together. */
import { browserLoginOf } from "../configuration/browser-login.ts";
import { pagesSettings } from "../configuration/table-pages.ts";
import type { Settings } from "../configuration/table.ts";
import { areRight, failed, type Finding } from "./finding.ts";

export function checkBrowserLogin(settings: Partial<Settings>): Finding[] {
  if (!areRight(settings, Object.keys(pagesSettings))) return [];
  try {
    browserLoginOf(settings);
    return [];
  } catch (error) {
    return [failed("login in the browser", error)];
  }
}
