/** ask-in-short.ts ROUTE BODY: the reply, or the first line of another answer, as JSON. */
import type { Route } from "../../../src/agent/protocol.ts";
import { askInShort } from "../ask-in-short.ts";

const [route, body = "{}"] = process.argv.slice(2);
const { reply, attempt } = askInShort(route as Route, JSON.parse(body));
const answer = attempt.answered && new TextDecoder().decode(attempt.answered.answer);
console.log(JSON.stringify({ reply, status: answer?.split("\r\n")[0] }));
