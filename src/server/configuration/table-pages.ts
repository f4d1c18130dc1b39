/** Settings of the pages for people, and of the login in a browser. */
import { onOrOff, required } from "./setting.ts";

export const pagesSettings = {
  pages: required({
    variable: "VOUCH_SERVER_PAGES",
    type: "string",
    valueHint: "on|off",
    about: "Whether the server's URL has pages where people see and change what is theirs.",
    default: "on",
    parse: onOrOff("pages"),
  }),
  "browser-login": required({
    variable: "VOUCH_SERVER_BROWSER_LOGIN",
    type: "string",
    valueHint: "on|off",
    about:
      "Whether `vouch login --browser` opens sessions by a touch at this server's page, and whether people may add a phone or the sensor of their computer as a key there.",
    default: "off",
    parse: onOrOff("browser-login"),
  }),
  "browser-login-publish": required({
    variable: "VOUCH_SERVER_BROWSER_LOGIN_PUBLISH",
    type: "string",
    valueHint: "on|off",
    about:
      "Whether sessions that were opened in a browser, and keys that are part of a phone or computer, may publish.",
    default: "off",
    parse: onOrOff("browser-login-publish"),
  }),
};
