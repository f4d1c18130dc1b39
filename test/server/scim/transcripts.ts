/** Requests as Entra and Okta send them, after their documentation; `{…}` stands for what an answer had. */

export const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const user = "urn:ietf:params:scim:schemas:core:2.0:User";
const group = "urn:ietf:params:scim:schemas:core:2.0:Group";
const patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

export interface Exchange {
  request: [method: string, path: string, body?: object];
  status: number;
  /** What the answer has, at least. */
  body?: object;
  /** Keeps the answer's id under this name. */
  keep?: string;
}

const found = (totalResults: number) => ({ totalResults });
const change = (...operations: object[]) => ({ schemas: [patch], Operations: operations });

/** After "Develop and plan provisioning for a SCIM endpoint" of Microsoft's documentation. */
export const entra: Exchange[] = [
  { request: ["GET", '/Users?filter=userName eq "ann@example.com"'], status: 200, body: found(0) },
  {
    request: [
      "POST",
      "/Users",
      {
        schemas: [user, enterprise],
        externalId: "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        userName: "Ann@example.com",
        active: true,
        emails: [{ primary: true, type: "work", value: "ann@example.com" }],
        meta: { resourceType: "User" },
        name: { formatted: "Ann Example", familyName: "Example", givenName: "Ann" },
        roles: [],
        [enterprise]: { department: "R&D" },
      },
    ],
    status: 201,
    body: { active: true, userName: "ann@example.com" },
    keep: "user",
  },
  {
    request: ["GET", '/Users?filter=externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"'],
    status: 200,
    body: found(1),
  },
  {
    request: [
      "PATCH",
      "/Users/{user}",
      change(
        { op: "Replace", path: 'emails[type eq "work"].value', value: "other@example.com" },
        { op: "Replace", path: "name.familyName", value: "Other" },
        { op: "Add", path: `${enterprise}:employeeNumber`, value: "7" },
        { op: "Add", path: "displayName", value: "Ann Other" },
      ),
    ],
    status: 200,
    body: { displayName: "Ann Other", name: { familyName: "Other", givenName: "Ann" } },
  },
  {
    request: ["PATCH", "/Users/{user}", change({ op: "Replace", path: "userName", value: "ann.other@example.com" })],
    status: 200,
    body: { userName: "ann.other@example.com" },
  },
  // Before its flag aadOptscim062020 Entra sends booleans as texts.
  {
    request: ["PATCH", "/Users/{user}", change({ op: "Replace", path: "active", value: "False" })],
    status: 200,
    body: { active: false },
  },
  {
    request: ["PATCH", "/Users/{user}", change({ op: "Add", path: "active", value: "True" })],
    status: 200,
    body: { active: true },
  },
  {
    request: [
      "PATCH",
      "/Users/{user}",
      change({
        op: "replace",
        value: { displayName: "Ann", "name.givenName": "Anna", 'emails[type eq "work"].value': "x@example.com" },
      }),
    ],
    status: 200,
    body: { displayName: "Ann", name: { givenName: "Anna" } },
  },
  {
    request: ["GET", '/Groups?excludedAttributes=members&filter=displayName eq "Platform"'],
    status: 200,
    body: found(0),
  },
  {
    request: [
      "POST",
      "/Groups",
      {
        schemas: [group, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        externalId: "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        displayName: "Platform",
        meta: { resourceType: "Group" },
      },
    ],
    status: 201,
    body: { displayName: "Platform", members: [] },
    keep: "group",
  },
  {
    request: [
      "PATCH",
      "/Groups/{group}",
      change({ op: "Add", path: "members", value: [{ $ref: null, value: "{user}" }] }),
    ],
    status: 204,
  },
  { request: ["GET", '/Groups?filter=id eq "{group}" and members eq "{user}"'], status: 200, body: found(1) },
  {
    request: ["PATCH", "/Groups/{group}", change({ op: "Replace", path: "displayName", value: "Base" })],
    status: 204,
  },
  {
    request: ["GET", "/Groups/{group}?excludedAttributes=members"],
    status: 200,
    body: { displayName: "Base" },
  },
  {
    request: [
      "PATCH",
      "/Groups/{group}",
      change({ op: "Remove", path: "members", value: [{ $ref: null, value: "{user}" }] }),
    ],
    status: 204,
  },
  { request: ["GET", "/Groups/{group}"], status: 200, body: { members: [] } },
  { request: ["DELETE", "/Groups/{group}"], status: 204 },
  { request: ["DELETE", "/Users/{user}"], status: 204 },
  { request: ["GET", "/Users/{user}"], status: 404 },
];

/** After "SCIM 2.0" of Okta's developer documentation. */
export const okta: Exchange[] = [
  { request: ["GET", "/Users?startIndex=1&count=2"], status: 200, body: { startIndex: 1 } },
  {
    request: ["GET", '/Users?filter=userName eq "bea@example.com"&startIndex=1&count=100'],
    status: 200,
    body: found(0),
  },
  {
    request: [
      "POST",
      "/Users",
      {
        schemas: [user],
        userName: "bea@example.com",
        name: { givenName: "Bea", familyName: "Example" },
        emails: [{ primary: true, value: "bea@example.com", type: "work" }],
        displayName: "Bea Example",
        locale: "en-US",
        externalId: "00ujl29u0le5T6Aj10h7",
        groups: [],
        password: "1mz050nq",
        active: true,
      },
    ],
    status: 201,
    body: { active: true, name: { givenName: "Bea", familyName: "Example" } },
    keep: "user",
  },
  { request: ["GET", "/Users/{user}"], status: 200, body: { id: "{user}" } },
  {
    request: [
      "PUT",
      "/Users/{user}",
      {
        schemas: [user],
        id: "{user}",
        userName: "bea@example.com",
        name: { givenName: "Beatrix", middleName: "Q", familyName: "Example" },
        emails: [{ primary: true, value: "bea@example.com", type: "work", display: "bea@example.com" }],
        active: true,
        groups: [],
        meta: { resourceType: "User" },
      },
    ],
    status: 200,
    body: { name: { givenName: "Beatrix" } },
  },
  {
    request: ["PATCH", "/Users/{user}", change({ op: "replace", value: { active: false } })],
    status: 200,
    body: { active: false },
  },
  {
    request: ["PATCH", "/Users/{user}", change({ op: "replace", value: { active: true } })],
    status: 200,
    body: { active: true },
  },
  {
    request: ["POST", "/Groups", { schemas: [group], displayName: "Test SCIMv2", members: [] }],
    status: 201,
    keep: "group",
  },
  {
    request: [
      "PATCH",
      "/Groups/{group}",
      change({ op: "replace", value: { id: "{group}", displayName: "Test SCIM" } }),
    ],
    status: 204,
  },
  {
    request: [
      "PATCH",
      "/Groups/{group}",
      change(
        { op: "remove", path: 'members[value eq "{user}"]' },
        { op: "add", path: "members", value: [{ value: "{user}", display: "bea@example.com" }] },
      ),
    ],
    status: 204,
  },
  {
    request: ["GET", "/Groups?startIndex=1&count=100"],
    status: 200,
    body: { Resources: [{ displayName: "Test SCIM", members: [{ value: "{user}" }] }] },
  },
  {
    request: [
      "PUT",
      "/Groups/{group}",
      { schemas: [group], id: "{group}", displayName: "Test SCIM", members: [{ value: "{user}", display: "bea" }] },
    ],
    status: 200,
  },
  { request: ["PATCH", "/Groups/{group}", change({ op: "replace", path: "members", value: [] })], status: 204 },
  { request: ["DELETE", "/Groups/{group}"], status: 204 },
  {
    request: ["PUT", "/Users/{user}", { schemas: [user], userName: "bea@example.com", active: false }],
    status: 200,
    body: { active: false },
  },
];
