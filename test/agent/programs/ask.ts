/**
 * Asks the agent as another process: `ask ROUTE BODY`, and prints the reply, or the error's code. With `below` as a third
 * argument a child of it asks; to the route that begins a publication it gives the answer, too.
 */
import { type Route, routes } from "../../../src/agent/protocol.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { VouchError } from "../../../src/base/errors.ts";

const [, program = "", route = "", body = "{}", below] = process.argv;
if (below !== undefined) {
  process.stdout.write(Bun.spawnSync([process.execPath, program, route, body], { env: process.env }).stdout);
} else {
  const asked = askAgent(route as Route, JSON.parse(body)).then(async (reply) => {
    if (route !== routes.publishStart) return reply;
    const { ceremony } = reply as { ceremony: string };
    return askAgent(routes.publishFinish, { ceremony, approval: { id: "AA" } });
  });
  console.log(JSON.stringify(await asked.catch((error: unknown) => ({ code: VouchError.from(error).code }))));
}
