/** Tokens in the files of pip and twine, and in ~/.netrc, which pip reads. */
import { join } from "node:path";
import { readIni } from "../../editing/configparser.ts";
import { codeArtifactHost, type Machine, type TokenLine, type TokenPlace } from "../checks/finding.ts";
import { hasUrlWithPassword, linesWith, tokenUser } from "../checks/token-lines.ts";
import { pipFiles } from "./doctor.ts";

/** pip.conf in all its places, ~/.netrc, and ~/.pypirc. */
export function pipTokenPlaces(machine: Machine): TokenPlace[] {
  const { env, home } = machine;
  return [
    ...pipFiles(machine).map((path) => ({
      path,
      tool: "pip",
      tokens: (text: string) => linesWith(text, hasUrlWithPassword),
    })),
    { path: env["NETRC"] || join(home, ".netrc"), tool: "pip", tokens: netrcTokens },
    { path: join(home, ".pypirc"), tool: "twine", tokens: pypircTokens },
  ];
}

/** https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html */
function netrcTokens(text: string): TokenLine[] {
  return [...text.matchAll(/(?<=^|\s)machine\s+(\S+)/g)].flatMap(({ 1: machine, index }) => {
    const before = text.slice(0, index);
    const isComment = before.slice(before.lastIndexOf("\n") + 1).includes("#");
    if (isComment || !codeArtifactHost.test(machine!)) return [];
    return [{ line: before.split("\n").length }];
  });
}

function pypircTokens(text: string): TokenLine[] {
  const { options } = readIni(text.split("\n"));
  const isOurs = (section: string): boolean =>
    options.some(
      (option) =>
        option.section === section &&
        ((option.name === "repository" && codeArtifactHost.test(option.value)) ||
          (option.name === "username" && option.value === tokenUser)),
    );
  return options
    .filter(
      ({ section, name, value }) =>
        (name === "password" && value !== "" && isOurs(section)) ||
        (name === "repository" && hasUrlWithPassword(value)),
    )
    .map(({ from }) => ({ line: from + 1 }));
}
