/** Requests to the sandbox's STS, signed or not, for tests of it. */
import { signRequest } from "../../../../src/aws/sigv4.ts";
import { Secret } from "../../../../src/base/secret.ts";
import type { Account, IssuedCredentials } from "../account.ts";
import { handleSts } from "./sts.ts";
import type { Fetch } from "./web-identity.ts";

export interface StsAnswer {
  status: number;
  /** Of an error. */
  code: string | undefined;
  message: string | undefined;
  /** The credentials that were given. */
  issued: IssuedCredentials | undefined;
  body: string;
}

interface Where {
  accounts: [Account, ...Account[]];
  fetch?: Fetch;
  /** Signs the request. */
  as?: IssuedCredentials;
}

const endpoint = "https://sts.us-east-1.amazonaws.com";
const headers = { "content-type": "application/x-www-form-urlencoded" };

export async function askSts(parameters: Record<string, string>, { accounts, fetch, as }: Where): Promise<StsAnswer> {
  const body = new URLSearchParams({ Version: "2011-06-15", ...parameters }).toString();
  const signed = as && (await sign(body, as));
  const request = new Request(`${endpoint}/`, {
    method: "POST",
    headers: { ...headers, ...signed, host: "sts.us-east-1.amazonaws.com" },
    body,
  });
  const [account, ...others] = accounts;
  const nowhere: Fetch = async () => new Response(null, { status: 404 });
  const response = await handleSts(request, { account, others, region: "us-east-1", fetch: fetch ?? nowhere });
  const text = await response.text();
  const element = (name: string) => new RegExp(`<${name}>(.*)</${name}>`).exec(text)?.[1];
  const keyId = element("AccessKeyId") ?? "";
  return {
    status: response.status,
    code: element("Code"),
    message: element("Message")?.replaceAll("&#x27;", "'"),
    issued: accounts.map((each) => each.credentials(keyId)).find((found) => found !== undefined),
    body: text,
  };
}

async function sign(body: string, as: IssuedCredentials): Promise<Record<string, string>> {
  const signed = await signRequest(
    { method: "POST", endpoint, path: "/", headers, body },
    {
      service: "sts",
      region: "us-east-1",
      date: new Date(),
      credentials: {
        accessKeyId: as.accessKeyId,
        secretAccessKey: new Secret(as.secretAccessKey),
        sessionToken: new Secret(as.sessionToken),
      },
    },
  );
  return signed.headers;
}
