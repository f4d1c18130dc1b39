import type { SessionNaming } from "../configuration/table-aws.ts";
import { VouchError } from "../../base/errors.ts";
import { shellWord } from "../../base/words/shell-word.ts";
import { audienceArg, parseAudiences } from "./audiences.ts";
import { isAwsIssuer, partitionOf, permissionsPolicy, trustPolicy } from "./aws-account/aws-trust.ts";
import { defaultAudience, initializeServer } from "../initialize.ts";
import { settingArgs } from "../configuration/documentation.ts";
import { settingsOf } from "../configuration/settings.ts";
import { describeDatabase } from "../store/open.ts";
import { currentTime, databaseArg, databaseOf, withStore } from "./database/database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { keyEncryptionArg, keyMakerOf, signingKeyArg } from "./signing-keys/key-encryption.ts";

export const init = defineServerCommand({
  meta: {
    name: "init",
    description: "Make the database and the signing key, and say how AWS comes to trust the server.",
  },
  teaching: {
    details: [
      "The URL becomes the issuer of identity tokens, and its host the name that security keys are enrolled for: it cannot change later. Repeating the command prints the next steps again and changes nothing but the audiences, when others are given.",
    ],
    examples: [
      ["vouch server init --url https://vouch.example.com", "Get ready to run the server of example.com."],
      [
        "vouch server init --url https://vouch.example.com --region us-gov-west-1",
        "Print what AWS GovCloud (US) must be told.",
      ],
    ],
  },
  args: {
    ...settingArgs("url", "session-name"),
    ...databaseArg,
    ...keyEncryptionArg,
    ...signingKeyArg,
    ...audienceArg,
    region: {
      type: "string",
      description: "A region of the AWS account, where it is in China, GovCloud or another partition of AWS.",
      valueHint: "REGION",
    },
  },
  async run({ args }) {
    const { url, "session-name": sessionName } = settingsOf(args, ["url", "session-name"]);
    if (url === undefined) {
      throw new VouchError("usage", "--url is missing.", {
        hint: "Give the URL at which developers and AWS reach the server.",
      });
    }
    const asked = args.audience === undefined ? undefined : parseAudiences(args.audience);
    const aws = { region: args.region, partition: partitionOf(args.region), sessionName };
    const maker = await keyMakerOf(url, args);
    const { audiences, inClearText } = await withStore(args, true, async (store) => ({
      ...(await initializeServer(store, url, asked, currentTime(), maker)),
      inClearText: (await store.signingKeys.all()).some(({ protection }) => protection === undefined),
    }));
    const database = databaseOf(args).url;
    const shown = database.startsWith("sqlite:") ? database : describeDatabase(database);
    const place = args.config === undefined ? `--database ${shown}` : `--config ${shellWord(args.config)}`;
    print(nextSteps(url, audiences, aws, { shown, place }, inClearText ? ", in clear text" : ""));
  },
});

function nextSteps(
  url: string,
  audiences: string[],
  { region, partition, sessionName }: { region: string | undefined; partition: string; sessionName: SessionNaming },
  database: { shown: string; place: string },
  inClearText: string,
): string {
  const isIssuer = isAwsIssuer(url);
  const unreachable = isIssuer
    ? ""
    : `\nNote: AWS accepts an issuer only at https without a port. ${url} is good for trying out.\n`;
  const audienceFlag = audiences.join() === defaultAudience ? "" : ` --audience ${shellWord(audiences.join())}`;
  const nameFlag = sessionName === "id" ? "" : ` --session-name ${sessionName}`;
  const deployed = isIssuer
    ? `
   Both steps as a file to deploy, which names the account by itself (or terraform, or cli for a
   script of AWS CLI commands; vouch server aws --help):

   vouch server aws --format cloudformation --url ${url}${audienceFlag}${nameFlag}
`
    : "";
  const trusted = { url, audiences, account: "123456789012", partition, sessionName };
  return `The Vouch server for ${url} is ready to run. Its database, ${database.shown}, holds the
key that signs identity tokens${inClearText}: back it up, and let nobody read it.
${unreachable}
1. Let AWS trust it (once for each account):

   aws iam create-open-id-connect-provider --url ${url} --client-id-list ${audiences.map((each) => shellWord(each)).join(" ")}${region === undefined ? "" : ` --region ${region}`}

2. Make two roles (write your account's number for 123456789012): vouch-developer, which reads,
   with this trust policy:

${indent(trustPolicy(trusted))}

   and these permissions:

${indent(permissionsPolicy("read"))}

   and vouch-publisher, which publishes and which AWS gives only for a touch of the security key,
   with this trust policy:

${indent(trustPolicy({ ...trusted, purpose: "publish" }))}

   and these permissions:

${indent(permissionsPolicy("publish"))}
${deployed}
3. Run the server behind a proxy that ends TLS (or with --tls-cert and --tls-key):

   vouch server run ${database.place}

4. Invite someone; it prints the command that they type:

   vouch server invite dev@example.com ${database.place}`;
}

function indent(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/^/gm, "   ");
}
