/** What clients read about this server's SCIM (RFC 7644, 4): configuration, resource types, schemas. */
import { documentationUrl } from "../../base/words/documentation.ts";
import { ScimError } from "../http/failure.ts";
import { groupNameRule } from "../store/people/groups.ts";
import { scim } from "./client.ts";
import { answer, groupSchema, listResponse, maxPage, userSchema } from "./names.ts";

const resourceTypes = [
  { id: "User", endpoint: "/Users", description: "A person.", schema: userSchema },
  { id: "Group", endpoint: "/Groups", description: "A group of people.", schema: groupSchema },
];

interface Attribute {
  name: string;
  type: "string" | "boolean" | "complex" | "reference";
  description: string;
  [characteristic: string]: unknown;
}

/** An attribute with the characteristics that RFC 7643, 2.2 has by default, but for those that are given. */
function attribute(described: Attribute): object {
  return {
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    ...described,
  };
}

const readOnly = { mutability: "readOnly" };

const schemas = [
  {
    id: userSchema,
    name: "User",
    description: "A person. The identity provider's other attributes are ignored.",
    attributes: [
      attribute({
        name: "userName",
        type: "string",
        description: "The person's e-mail address.",
        required: true,
        uniqueness: "server",
      }),
      attribute({ name: "displayName", type: "string", description: "The name that administrators see." }),
      attribute({
        name: "name",
        type: "complex",
        description: "The parts of the name.",
        subAttributes: [
          attribute({ name: "familyName", type: "string", description: "Family name." }),
          attribute({ name: "givenName", type: "string", description: "Given name." }),
        ],
      }),
      attribute({
        name: "emails",
        type: "complex",
        description: "The address that userName is.",
        multiValued: true,
        ...readOnly,
        subAttributes: [
          attribute({ name: "value", type: "string", description: "The address.", ...readOnly }),
          attribute({
            name: "type",
            type: "string",
            description: "Always work.",
            canonicalValues: ["work"],
            ...readOnly,
          }),
          attribute({ name: "primary", type: "boolean", description: "Always true.", ...readOnly }),
        ],
      }),
      attribute({ name: "active", type: "boolean", description: "False: disabled, and every session has ended." }),
    ],
  },
  {
    id: groupSchema,
    name: "Group",
    description: "A group of people, as AWS can be told of it.",
    attributes: [
      attribute({
        name: "displayName",
        type: "string",
        description: `Expected: ${groupNameRule}.`,
        required: true,
        caseExact: true,
        uniqueness: "server",
      }),
      attribute({
        name: "members",
        type: "complex",
        description: "People in the group.",
        multiValued: true,
        subAttributes: [
          attribute({
            name: "value",
            type: "string",
            description: "The id of a User.",
            caseExact: true,
            mutability: "immutable",
          }),
          attribute({
            name: "$ref",
            type: "reference",
            description: "The URL of the User.",
            referenceTypes: ["User"],
            caseExact: true,
            mutability: "immutable",
          }),
          attribute({
            name: "type",
            type: "string",
            description: "Always User.",
            canonicalValues: ["User"],
            mutability: "immutable",
          }),
        ],
      }),
    ],
  },
];

function meta(url: string, resourceType: string, path: string): object {
  return { meta: { resourceType, location: `${url}/scim/v2/${path}` } };
}

function typeResource({ id, ...type }: (typeof resourceTypes)[number], url: string) {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    id,
    name: id,
    ...type,
    schemaExtensions: [],
    ...meta(url, "ResourceType", `ResourceTypes/${id}`),
  };
}

function schemaResource(schema: (typeof schemas)[number], url: string) {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    ...schema,
    ...meta(url, "Schema", `Schemas/${schema.id}`),
  };
}

/** GET /scim/v2/ServiceProviderConfig */
export const getConfiguration = scim(async ({ context: { url } }) =>
  answer({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    documentationUri: documentationUrl("scim.md"),
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: maxPage },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: false },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A token that `vouch server scim add NAME` made, as RFC 6750 has it.",
        specUri: "https://www.rfc-editor.org/rfc/rfc6750",
        primary: true,
      },
    ],
    ...meta(url, "ServiceProviderConfig", "ServiceProviderConfig"),
  }),
);

const typesAt = (url: string) => resourceTypes.map((type) => typeResource(type, url));
const schemasAt = (url: string) => schemas.map((schema) => schemaResource(schema, url));

export const listResourceTypes = list(typesAt);
export const getResourceType = one(typesAt);
export const listSchemas = list(schemasAt);
export const getSchema = one(schemasAt);

/** What is not offered says so (RFC 7644, 3.7 and 3.11). */
export const notImplemented = scim(async () => {
  throw new ScimError(501, "This server has no bulk operations, no /Me, and no searches by POST.");
});

function list(all: (url: string) => object[]) {
  return scim(async ({ request, context: { url } }) => {
    if (URL.parse(request.url)?.searchParams.has("filter") === true) {
      throw new ScimError(403, "What describes the server is not filtered (RFC 7644, 4).");
    }
    const found = all(url);
    return answer(listResponse(found, found.length, 1));
  });
}

function one(all: (url: string) => { id: string }[]) {
  return scim(async ({ id, context: { url } }) => {
    const found = all(url).find((each) => each.id === id || each.id === decoded(id));
    if (found) return answer(found);
    throw new ScimError(404, "There is nothing of this id.");
  });
}

function decoded(id: string): string | undefined {
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}
