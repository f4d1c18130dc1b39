/** Sends one signed request to the control plane of AWS CodeArtifact (API version 2018-09-22), and reads the answer. */
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import { parseJson } from "../base/json.ts";
import { callAws, type CallOptions } from "./call.ts";
import { controlEndpoint, endpointVariables } from "./endpoints.ts";
import { type AskedOf, whatLeadsElsewhere } from "./error-words.ts";
import { translate } from "./errors.ts";
import { signRequest, type AwsCredentials } from "./sigv4.ts";

export interface RegionRequest extends CallOptions {
  region: string;
  credentials: AwsCredentials;
}

/** What is asked for, for the error message. */
export interface Subject {
  operation: AskedOf["operation"];
  resources: NonNullable<AskedOf["resources"]>;
}

interface Message {
  method: "GET" | "POST";
  path: string;
  query?: Record<string, string>;
  /** A JSON document. */
  body?: string;
}

const ErrorAnswer = v.object({
  message: v.optional(v.string()),
  Message: v.optional(v.string()),
  __type: v.optional(v.string()),
});

/**
 * Sends the message and returns the answer, checked. Throws `access_denied`, `aws_not_found`, `session_expired` (the role
 * credentials have expired), `aws_error`, `network`, `timeout`, `cancelled`.
 */
export async function callCodeArtifact<Schema extends v.GenericSchema>(
  request: RegionRequest,
  subject: Subject,
  schema: Schema,
  message: Message,
): Promise<v.InferOutput<Schema>> {
  const env = request.env ?? process.env;
  const endpoint = controlEndpoint("codeartifact", request.region, env);
  const asked: AskedOf = {
    service: "CodeArtifact",
    ...subject,
    region: request.region,
    asker: request.asker,
    endpointVariables: endpointVariables("codeartifact", env),
  };
  const { method, body } = message;
  const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const scope = { service: "codeartifact", region: request.region, credentials: request.credentials };
  try {
    const response = await callAws(
      {
        prepare: async (date) => ({
          method,
          ...(await signRequest({ endpoint, ...message, headers }, { ...scope, date })),
          ...(body === undefined ? {} : { body }),
        }),
        readError,
      },
      request,
    );
    return readAnswer(response, schema, asked);
  } catch (error) {
    throw translate(error, asked);
  }
}

function readAnswer<Schema extends v.GenericSchema>(
  response: HttpResponse,
  schema: Schema,
  asked: AskedOf,
): v.InferOutput<Schema> {
  const answer = v.safeParse(schema, parseJson(response.body));
  if (answer.success) return answer.output;
  const place = v.getDotPath(answer.issues[0]) ?? "its top level";
  throw new VouchError(
    "aws_error",
    `AWS CodeArtifact in ${asked.region} answered ${asked.operation} with something unexpected at ${place}.`,
    { hint: whatLeadsElsewhere(asked) },
  );
}

/** REST-JSON errors: the code is in x-amzn-errortype (`Code:uri`) or in the body (`namespace#Code`). */
function readError(response: HttpResponse): { code: string; message: string } {
  const parsed = v.safeParse(ErrorAnswer, parseJson(response.body));
  const body: v.InferOutput<typeof ErrorAnswer> = parsed.success ? parsed.output : {};
  const type = response.headers.get("x-amzn-errortype") ?? body["__type"] ?? "";
  return { code: type.replace(/:.*$/, "").replace(/^.*#/, ""), message: body.message ?? body.Message ?? "" };
}
