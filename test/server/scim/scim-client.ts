/** A client of SCIM, and what it says to a test's server. */
import { addScimToken } from "../../../src/server/administration/scim-access.ts";
import type { Answer, TestServer } from "../test-server.ts";

export const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

export interface ScimTestClient {
  token: string;
  /** A request below /scim/v2, with a body that is sent as JSON. */
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  patch(path: string, ...operations: object[]): Promise<Answer>;
  /** A new person; the answer's body. */
  user(userName: string, more?: object): Promise<Answer["body"]>;
  /** A new group; the answer's body. */
  group(displayName: string, members?: readonly string[]): Promise<Answer["body"]>;
}

/** Makes a token of this name, and returns its client. */
export async function scimClient(server: TestServer, name = "test"): Promise<ScimTestClient> {
  const now = server.now();
  const token = await server.store.transaction((tables) => addScimToken(tables, "operator", { name, now }));
  const send: ScimTestClient["send"] = async (method, path, body) =>
    await server.send(`/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const made = async (path: string, body: object): Promise<Answer["body"]> => {
    const answer = await send("POST", path, body);
    if (answer.status !== 201) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    token,
    send,
    patch: async (path, ...operations) => await send("PATCH", path, { schemas: [patchSchema], Operations: operations }),
    user: async (userName, more = {}) => await made("/Users", { schemas: [userSchema], userName, ...more }),
    group: async (displayName, members = []) =>
      await made("/Groups", { schemas: [groupSchema], displayName, members: members.map((value) => ({ value })) }),
  };
}
