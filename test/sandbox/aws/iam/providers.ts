/** OpenID Connect identity providers of the sandbox's IAM. */
import type { Account, OidcProvider } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import type { Elements } from "../sts/elements.ts";
import type { Inputs } from "./inputs.ts";

const clientId = /^[^]{1,255}$/;

/** The ARN that is asked for, or that the new provider has. */
export function providerArn({ partition, id }: Account, inputs: Inputs): string {
  const given = inputs.optional("OpenIDConnectProviderArn", /^arn:.{16,2044}$/);
  if (given !== undefined) return given;
  return `arn:${partition}:iam::${id}:oidc-provider/${inputs.text("Url", /^[^]{1,255}$/).replace("https://", "")}`;
}

/** Throws ServiceError. */
export function createProvider(account: Account, inputs: Inputs): Elements {
  const url = inputs.text("Url", /^[^]{1,255}$/);
  if (!/^https:\/\/[A-Za-z0-9.-]+(\/[^?#]*)?$/.test(url)) {
    throw new ServiceError("InvalidInput", "Invalid Open ID Connect Provider URL", 400);
  }
  const clientIds = inputs.list("ClientIDList", clientId);
  inputs.list("ThumbprintList", /^[0-9A-Fa-f]{40}$/);
  const OpenIDConnectProviderArn = providerArn(account, inputs);
  if (account.oidcProviders.some((other) => other.url === url)) {
    throw new ServiceError("EntityAlreadyExists", `Provider with url ${url} already exists.`, 409);
  }
  account.oidcProviders.push({ url, clientIds });
  return { OpenIDConnectProviderArn };
}

/** Throws ServiceError. */
export function getProvider(account: Account, inputs: Inputs): Elements {
  const { url, clientIds } = known(account, inputs);
  return {
    Url: url.replace("https://", ""),
    ClientIDList: clientIds,
    // AWS gives the certificate authority that it has found itself.
    ThumbprintList: ["0".repeat(40)],
    CreateDate: new Date(account.now()).toISOString(),
  };
}

/** Throws ServiceError. */
export function addClientId(account: Account, inputs: Inputs): undefined {
  const provider = known(account, inputs);
  const id = inputs.text("ClientID", clientId);
  if (!provider.clientIds.includes(id)) provider.clientIds.push(id);
}

function known(account: Account, inputs: Inputs): OidcProvider {
  const arn = inputs.text("OpenIDConnectProviderArn", /^arn:.{16,2044}$/);
  const { partition, id, oidcProviders } = account;
  const found = oidcProviders.find(
    ({ url }) => arn === `arn:${partition}:iam::${id}:oidc-provider/${url.replace("https://", "")}`,
  );
  if (found) return found;
  throw new ServiceError("NoSuchEntity", `OpenIDConnect Provider not found for arn ${arn}`, 404);
}
