/** botocore as the judge of endpoints and signatures: its recorded answers, and its live ones where it is installed. */
import { join } from "node:path";
import { requires } from "../requires.ts";
import recordedVectors from "./vectors/botocore.json";

export interface EndpointVector {
  service: "sts" | "codeartifact";
  region: string;
  fips: boolean;
  dualStack: boolean;
  /** Null where botocore's rules refuse the combination. */
  url: string | null;
  partition: {
    name: string;
    dnsSuffix: string;
    dualStackDnsSuffix: string;
    supportsFIPS: boolean;
    supportsDualStack: boolean;
  };
}

export interface SignatureVector {
  name: string;
  method: "GET" | "POST";
  endpoint: string;
  path: string;
  query: [name: string, value: string][];
  headers: Record<string, string>;
  body: string;
  sessionToken: string | null;
  service: string;
  region: string;
  date: string;
  url: string;
  authorization: string;
}

interface Vectors {
  botocore: string;
  accessKeyId: string;
  secretAccessKey: string;
  endpoints: EndpointVector[];
  signatures: SignatureVector[];
}

export const recorded = recordedVectors as Vectors;

/** The answers of every botocore on this machine: the one of the first python3 on PATH, and Debian's. */
export function live(): Vectors[] {
  if (!requires("python3")) return [];
  const script = join(import.meta.dir, "vectors", "botocore_vectors.py");
  const answers = ["python3", "/usr/bin/python3"].flatMap((python) => {
    const { success, stdout } = Bun.spawnSync([python, script], { stderr: "ignore" });
    return success ? [JSON.parse(stdout.toString()) as Vectors] : [];
  });
  const versions = new Map(answers.map((answer) => [answer.botocore, answer]));
  if (versions.size === 0) {
    if (process.env["CI"] === "true") throw new Error("In CI every test runs, but no python3 has botocore");
    console.warn("SKIPPED: needs botocore, not installed on this machine; its recorded answers are used alone");
  }
  return [...versions.values()];
}
