/**
 * `twine` in the shims folder: gives an upload its user name, password and URL if it leads to a configured endpoint, then
 * becomes the real command. With a URL in its environment twine reads no other from a file.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { deadProxies } from "../python/guard/checked.ts";
import { type Upload, uploadToRepository, uploadToUrl } from "../python/upload.ts";
import { readIniFile } from "../small-files.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { parseTwine, type TwineTarget } from "./command-line.ts";

/** Becomes the real twine. Without a session it warns in one line and continues without a token. */
export async function runTwineShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  const target = parseTwine(args, process.env);
  const env = target === undefined || target.hasCredentials ? process.env : await uploadEnvironment(target, args);
  return becomeRealCommand(name, file, args, env);
}

async function uploadEnvironment(target: TwineTarget, args: string[]): Promise<Environment> {
  const { env } = process;
  const section = target.url === undefined ? sectionOf(target) : undefined;
  if (target.url === undefined && !target.isNamed && section === undefined) {
    const words = ["twine", ...args];
    const publish = { words, at: target.at + 1, option: "--repository", format: "pypi" } as const;
    await sayUnnamed(publish, ({ repository }) => repository);
    return env;
  }
  const upload = await uploadOf(target, section);
  if (upload === undefined) return env;
  const host = URL.parse(upload.url)?.hostname;
  return {
    ...env,
    ...(host === undefined ? {} : deadProxies([host])),
    // The section is not read any more: what it trusts is the user's, unless the command line names another file.
    ...(section?.certificate !== undefined && !target.hasCertificate && target.configFile === undefined
      ? { TWINE_CERT: section.certificate }
      : {}),
    TWINE_USERNAME: "aws",
    TWINE_PASSWORD: upload.token,
    TWINE_REPOSITORY_URL: upload.url,
  };
}

async function uploadOf({ url, name }: TwineTarget, section: Section | undefined): Promise<Upload | undefined> {
  if (url !== undefined) return uploadToUrl(url, "twine's repository URL");
  if (section !== undefined) return uploadToUrl(section.url, `[${name}] of twine's configuration`);
  return /^(test)?pypi$/.test(name) ? undefined : uploadToRepository(name);
}

interface Section {
  url: string;
  certificate?: string;
}

/** The section of that name in `--config-file`, else `~/.pypirc`. */
function sectionOf({ name, configFile }: TwineTarget): Section | undefined {
  const path = configFile?.replace(/^~(?=\/)/, homedir()) ?? join(homedir(), ".pypirc");
  const options = readIniFile(resolve(path))?.options.filter(({ section }) => section === name) ?? [];
  const valueOf = (key: string): string | undefined => options.find((option) => option.name === key)?.value;
  const url = valueOf("repository");
  const certificate = valueOf("ca_cert");
  return url === undefined ? undefined : { url, ...(certificate === undefined ? {} : { certificate }) };
}
