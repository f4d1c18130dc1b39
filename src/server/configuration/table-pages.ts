/** Settings of the pages for people. */
import { VouchError } from "../../base/errors.ts";
import { required } from "./setting.ts";

export const pagesSettings = {
  pages: required({
    variable: "VOUCH_SERVER_PAGES",
    type: "string",
    valueHint: "on|off",
    about: "Whether the server's URL has pages where people see and change what is theirs.",
    default: "on",
    parse: parseSwitch,
  }),
};

function parseSwitch(text: string): "on" | "off" {
  if (text === "on" || text === "off") return text;
  throw new VouchError("usage", `Expected --pages on or off, got "${text}".`);
}
