/** pip, as `vouch setup codeartifact` sees it. */
import { VouchError } from "../../base/errors.ts";
import type { Tool } from "../tool.ts";
import { dropPipIndex, setPipIndex, unsetPipIndex } from "./config-file.ts";
import { pipConfigPath } from "./config-path.ts";

export const pip: Tool = {
  format: "pypi",
  programs: ["pip", "pip3"],
  path(env) {
    const path = pipConfigPath(env);
    if (path !== "/dev/null") return path;
    throw new VouchError("edit_conflict", "PIP_CONFIG_FILE is /dev/null, so pip reads no configuration file.", {
      hint: "Unset PIP_CONFIG_FILE, or leave pip out: --tool cargo,npm",
    });
  },
  set: (text, { endpoints }, { id, file, endpoints: formerly }) =>
    setPipIndex(text, id, pipIndex(endpoints.pypi!), file, formerly.map(pipIndex)),
  unset: (text, id, { file, endpoints }, onKept) =>
    unsetPipIndex(text, id, { file, indexes: endpoints.map(pipIndex), onKept }),
  drop: (text, { endpoints }, replaced) => dropPipIndex(text, pipIndex(endpoints.pypi!), replaced),
  written: () => "index-url with the user name aws, and keyring-provider = subprocess",
  next: () => [["pip install PACKAGE", "install from the repository"]],
};

/** The index as pip before 26.2 needs it: with a user name, or it never asks `keyring`. */
function pipIndex(endpoint: string): string {
  const index = new URL("simple/", endpoint);
  index.username = "aws";
  return index.href;
}
