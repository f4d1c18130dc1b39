/**
 * `twine` in the shims folder: gives an upload its user name and URL, and by a pipe its password, if it leads to a
 * configured endpoint, then becomes the real command. With a URL in its environment twine reads no other from a file.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { emptyOuterPipe } from "../plugin-folder.ts";
import { deadProxies } from "../python/guard/checked.ts";
import { type Upload, uploadToRepository, uploadToUrl } from "../python/upload.ts";
import { readIniFile } from "../checks/small-files.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { parseTwine, type TwineTarget } from "./command-line.ts";
import { becomeTwine } from "./hand-over.ts";
import { pipeVariable } from "./keyring-module.ts";

/** Becomes the real twine. Without a session it warns in one line and continues without a token. */
export async function runTwineShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  await emptyOuterPipe(process.env[pipeVariable]);
  const target = parseTwine(args, process.env);
  if (target === undefined || target.hasCredentials) return becomeRealCommand(name, file, args);
  const section = target.url === undefined ? sectionOf(target) : undefined;
  const upload = await askForUpload(target, section, args);
  if (upload === undefined || file === undefined) return becomeRealCommand(name, file, args);
  return becomeTwine(file, args, upload, uploadEnvironment(upload, target, section));
}

/** Where to upload to, with the token; undefined if twine gets none. Throws `project_untrusted`, `PublishingRefused`. */
async function askForUpload(
  target: TwineTarget,
  section: Section | undefined,
  args: string[],
): Promise<Upload | undefined> {
  if (target.url === undefined && !target.isNamed && section === undefined) {
    const words = ["twine", ...args];
    const publish = { words, at: target.at + 1, option: "--repository", format: "pypi" } as const;
    await sayUnnamed(publish, ({ repository }) => repository);
    return undefined;
  }
  return uploadOf(target, section);
}

function uploadEnvironment({ url }: Upload, target: TwineTarget, section: Section | undefined): Environment {
  const host = URL.parse(url)?.hostname;
  return {
    ...process.env,
    ...(host === undefined ? {} : deadProxies([host])),
    // The section is not read any more: what it trusts is the user's, unless the command line names another file.
    ...(section?.certificate !== undefined && !target.hasCertificate && target.configFile === undefined
      ? { TWINE_CERT: section.certificate }
      : {}),
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
