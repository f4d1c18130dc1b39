/** `vouch enroll`: the first day, from the security key to the first package; or the security key alone. */
import { isatty } from "node:tty";
import { loadSettings, type Settings, settingsPath } from "../../../settings/settings.ts";
import { profileServers } from "../../../settings/servers.ts";
import { missing, parseSeconds, usage, valuesOf } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { nameArg, parseKeyName, timeoutArg } from "../../key/ceremony.ts";
import { readCode } from "../../terminal/prompt.ts";
import { note } from "../../terminal/terminal.ts";
import { chosenServer, forArg, loginAt } from "../chosen-server.ts";
import { serverUrl } from "../known-server.ts";
import { parseTools, toolArgs } from "../setup/codeartifact/request.ts";
import { firstDay, hasFurtherSteps, isUnfinished } from "./first-day.ts";
import { sayingThatAgentStays } from "../with-agent.ts";
import { enrollKey, prepare } from "./security-key.ts";
import { withAgent } from "../with-agent.ts";
import type { Given } from "./step.ts";
import { sayWays } from "./ways.ts";

const commandName = "vouch enroll";

export const enroll = defineCommand({
  meta: {
    name: "enroll",
    description:
      "Set up this machine, step by step: your security key, the AWS role, a session, your package managers.",
  },
  args: {
    server: { type: "string", valueHint: "URL", description: "The URL of the Vouch server." },
    role: { type: "string", valueHint: "ARN", description: "The ARN of the AWS role, as in `vouch setup aws`." },
    region: { type: "string", valueHint: "REGION", description: "The region of your packages." },
    domain: { type: "string", valueHint: "DOMAIN", description: "The CodeArtifact domain." },
    "domain-owner": {
      type: "string",
      valueHint: "ACCOUNT",
      description: "The account that owns the domain. Without it: the role's account.",
    },
    repository: { type: "string", valueHint: "REPOSITORY", description: "The repository in it." },
    ...toolArgs,
    path: {
      type: "enum",
      options: ["yes", "no"],
      description: "Whether to add the shims folder to the start file of your shell. Without it: asks on a terminal.",
    },
    "key-only": {
      type: "boolean",
      description: "Make the security key known, and do nothing else.",
    },
    ...forArg,
    ...nameArg,
    ...timeoutArg,
  },
  teaching: {
    details: [
      "On a terminal it says what is done already, asks for what is missing (flags answer beforehand), and at the end reads from your repository, to prove that it works. Ctrl-C keeps what is done: the same command goes on from there. The domain and the repository are chosen from what AWS lists, if your role may list them (codeartifact:ListDomains, codeartifact:ListRepositoriesInDomain); else you type their names.",
      "For the key it asks for a one-time code: the people who run the server gave it to you (`vouch server invite`), or a page of the server shows it, which `vouch enroll` names, to whoever signs in with the company's account there and never had a key. Then it asks for its PIN (or your finger on its sensor), and for a touch. A key without a PIN gets one on the way. The key makes a new credential for this server; it never leaves the key. The code may also come on stdin; it is never taken from the command line, where others could see it.",
      "A key that is enrolled needs no code on another machine: press Enter in its place, or run `vouch login --server URL`. When the key turns out to be enrolled already, the code is not used up, this machine learns the server, and the exit code is 0. Another key is enrolled with `vouch keys add`, without a code; with a code, with --key-only.",
      "Without a terminal nothing is asked: the key is enrolled, and of the rest is done what flags name. Where a key is enrolled already, flags of the rest alone are done without a code, and a code is for the server that this machine knows.",
    ],
    examples: [
      ["vouch enroll", "Everything, or what is missing of it."],
      ["vouch enroll --server https://vouch.example.com", "The same, at this server."],
      [
        "vouch enroll --role arn:aws:iam::123456789012:role/vouch-developer --region us-east-1",
        "The same, without the questions whose answers are the same for everyone.",
      ],
      [
        "vouch enroll --for acme",
        "The key, at the server that `vouch setup aws --profile acme --server URL` has named.",
      ],
      [
        "pass show vouch-code | vouch enroll --server https://vouch.example.com",
        "The key, with the code from another program.",
      ],
    ],
  },
  async run({ args, rawArgs }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const settings = loadSettings();
    if (args.server !== undefined && args.for !== undefined)
      throw usage("Give one of --server and --for.", commandName);
    const named = args.server === undefined ? serverOfProfile(args.for, settings) : serverUrl(args.server);
    const name = args.name === undefined ? undefined : parseKeyName(args.name, "--name");
    const tools = parseTools(valuesOf(rawArgs, "--tool"), commandName);
    const given = { ...args, server: named, name, tools };
    const isKeyAlone = args["key-only"] === true || args.for !== undefined;
    if (isKeyAlone && hasFurtherSteps(given)) {
      throw usage(`${args.for === undefined ? "--key-only" : "--for"} is about the security key alone.`, commandName);
    }
    const isPerson = isatty(0) && isatty(2);
    const manner = { given, timeoutSeconds, isPerson };
    // On a machine that is set up, a server is named to enrol another key there.
    const goesOn = isPerson && !isKeyAlone && (named === undefined || (await isUnfinished(given)));
    if (goesOn || (!isKeyAlone && isOfLaterSteps(given, settings))) return sayingThatAgentStays(() => firstDay(manner));
    const server = named ?? settings.server?.url;
    if (server === undefined) throw missing("--server is missing.", commandName, "vouch enroll --server URL");
    prepare(server, settings);
    if (isPerson) await withAgent(() => sayWays(server));
    const isNew = await enrollKey({ server, code: await readCode("Enrolment code"), name, timeoutSeconds });
    if (isNew) note(`The server's URL and the credential's id, which are public, are in ${settingsPath()}.`);
    if (hasFurtherSteps(given)) {
      return sayingThatAgentStays(() =>
        firstDay({ ...manner, given: { ...given, server: undefined, name: undefined } }),
      );
    }
    note(
      !isNew || settings.aws || profileServers(settings).has(server)
        ? `Next: \`${loginAt(server, settings)}\`.`
        : "Next: `vouch setup aws --role ARN --region REGION` names the AWS role that you use, then `vouch login`.",
    );
  },
});

/** Whether flags are about what comes after the key, which is known: then no code is asked for. */
function isOfLaterSteps(given: Given, { server }: Settings): boolean {
  const isKeyKnown = server !== undefined && server.credentialIds.length > 0;
  if (given.server !== undefined || given.name !== undefined || !isKeyKnown) return false;
  return hasFurtherSteps(given) || given.path !== undefined;
}

/** The server that the profile names, which may be the default one; none without a profile. */
function serverOfProfile(profile: string | undefined, settings: Settings): string | undefined {
  return profile === undefined ? undefined : (chosenServer(profile, settings).server ?? settings.server?.url);
}
