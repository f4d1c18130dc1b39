/** Names of SCIM (RFC 7643, RFC 7644): schemas, messages, the media type. */

export const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";
/** Sent by Entra and Okta, and not kept. */
export const enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const patchMessage = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const listMessage = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

export const mediaType = "application/scim+json";

/** The path of a resource type's endpoint, below the server's URL. */
export const endpoints = { User: "/scim/v2/Users", Group: "/scim/v2/Groups" } as const;

/** Resources of one page: what is asked for at most, and without asking. */
export const maxPage = 200;
export const defaultPage = 100;

/** Answers with a resource, or with what a list of them is. */
export function answer(
  body: object,
  { status = 200, location }: { status?: number; location?: string } = {},
): Response {
  return Response.json(body, { status, headers: { "content-type": mediaType, ...(location && { location }) } });
}

/** A page of a list (RFC 7644, 3.4.2). */
export function listResponse(resources: readonly object[], totalResults: number, startIndex: number): object {
  return { schemas: [listMessage], totalResults, startIndex, itemsPerPage: resources.length, Resources: resources };
}
