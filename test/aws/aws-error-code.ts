import { AwsServiceError } from "../../src/aws/service-error.ts";

/** AWS's code behind an error ("ExpiredTokenException"); undefined when AWS did not answer. */
export function awsErrorCode(error: unknown): string | undefined {
  const origin = error instanceof AwsServiceError ? error : (error as Error).cause;
  return origin instanceof AwsServiceError ? origin.awsCode : undefined;
}
