/** Case "the package manager does not use Vouch": variables that decide before Vouch is asked. */
import { takesToken } from "../../../tools/cargo/doctor.ts";
import { classify, withoutSecrets } from "../../../tools/registry-url.ts";
import { failure, type Finding, ok, type Patient, warning } from "../../../tools/finding.ts";

interface Rule {
  name: RegExp;
  /** What the variable does; undefined when this value does no harm. */
  harm: (value: string, patient: Patient, name: string) => Pick<Finding, "status" | "found"> | undefined;
}

const fails = (found: string): Pick<Finding, "status" | "found"> => ({ status: "fail", found });
const warns = (found: string): Pick<Finding, "status" | "found"> => ({ status: "warn", found });

const rules: Rule[] = [
  {
    name: /^VOUCH_IDENTITY$/,
    harm: (value) => warns(`is ${value}: who that is gets the tokens, not your session; it is meant for CI`),
  },
  {
    name: /^NODE_TLS_REJECT_UNAUTHORIZED$/,
    harm: (value) =>
      value === "0"
        ? warns("is 0: npm and Node.js verify no certificate and send tokens to anybody; Vouch does")
        : undefined,
  },
  {
    name: /^NODE_EXTRA_CA_CERTS$/,
    harm: () => warns("adds certificate authorities for npm and Node.js; Vouch takes AWS_CA_BUNDLE and SSL_CERT_FILE"),
  },
  {
    name: /^CODEARTIFACT_AUTH_TOKEN$/,
    harm: () => warns("holds a token that files may refer to; it ends after 12 hours at most and is not renewed"),
  },
  {
    name: /^AWS_ENDPOINT_URL(_STS|_CODEARTIFACT)?$/,
    harm: (value, { env }) =>
      env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true"
        ? undefined
        : warns(`is ${withoutSecrets(value)}: AWS is asked there, by the agent too where it was started with it`),
  },
  {
    name: /^AWS_USE_DUALSTACK_ENDPOINT$/,
    harm: (value) =>
      value.toLowerCase() === "true"
        ? warns("is true: it holds for AWS's own interfaces; the package hosts that Vouch sets up are the IPv4 ones")
        : undefined,
  },
  {
    name: /^PIP_(INDEX_URL|EXTRA_INDEX_URL)$/,
    harm: (value, patient) => pythonIndex(value, patient, "pip"),
  },
  {
    name: /^UV_(INDEX_URL|DEFAULT_INDEX|INDEX|EXTRA_INDEX_URL)$/,
    // uv writes a named index as NAME=URL.
    harm: (value, patient) => pythonIndex(value.replace(/^[\w-]+=(?=https?:)/, ""), patient, "uv"),
  },
  {
    name: /^UV_INDEX_.+_PASSWORD$/,
    harm: () => warns("holds a password that uv takes before it asks Vouch"),
  },
  {
    name: /^PIP_KEYRING_PROVIDER$|^UV_KEYRING_PROVIDER$/,
    harm: (value) => (value === "subprocess" ? undefined : fails(`is ${value}, expected subprocess`)),
  },
  {
    name: /^PIP_CONFIG_FILE$/,
    harm: (value) => (value === "/dev/null" ? fails("is /dev/null: pip reads none of its files") : undefined),
  },
  {
    name: /^npm_config_registry$/i,
    harm: (value, { settings }) =>
      classify(value, "npm", settings).kind === "configured"
        ? undefined
        : warns(`is ${withoutSecrets(value)}: npm takes it before the registry of its files`),
  },
  {
    name: /^npm_config_\/\/.*:_(authToken|auth|password)$/i,
    harm: (_, { settings }, name) => {
      const url = `https:${name.slice("npm_config_".length, name.lastIndexOf(":"))}`;
      return classify(url, "npm", settings).kind === "configured"
        ? warns("holds a token for your repository, as under `vouch exec`; it is not renewed")
        : undefined;
    },
  },
  {
    name: /^CARGO_REGISTRIES_.+_INDEX$/,
    harm: (value, { settings }) =>
      classify(value.replace(/^sparse\+/, ""), "cargo", settings).kind === "configured"
        ? undefined
        : warns(`is ${withoutSecrets(value)}: Cargo takes it before the index of its files`),
  },
  {
    name: /^CARGO_REGISTRIES_.+_TOKEN$/,
    harm: (_, patient, name) =>
      takesToken(name, patient) ? fails("holds a token that Cargo takes before it asks Vouch") : undefined,
  },
  {
    name: /^CARGO_REGISTRIES_.+_CREDENTIAL_PROVIDER$/,
    harm: (value) => (/(^|\/)vouch(\s|$)/.test(value) ? undefined : fails(`is ${value}: Cargo asks it, not Vouch`)),
  },
];

/** Findings on the variables that override what `vouch setup` configured. Values that may be secrets are not shown. */
export function checkEnvironment(patient: Patient): Finding[] {
  const findings = Object.entries(patient.env).flatMap(([name, value]): Finding[] => {
    const harm = value ? rules.find((rule) => rule.name.test(name))?.harm(value, patient, name) : undefined;
    if (!harm) return [];
    const make = harm.status === "fail" ? failure : warning;
    // A shell cannot unset a name with slashes in it; only what set it can.
    const remedy = /^\w+$/.test(name) ? `unset ${name}` : "Leave the shell that set it.";
    return [make("environment", `The variable ${name} ${harm.found}.`, remedy)];
  });
  return findings.length > 0 ? findings : [ok("environment", "No variable overrides what Vouch has set up.")];
}

function pythonIndex(
  value: string,
  { settings }: Patient,
  tool: string,
): Pick<Finding, "status" | "found"> | undefined {
  const url = URL.parse(value);
  if (url && url.password !== "") return fails(`holds a URL with a password, which ${tool} takes before it asks Vouch`);
  if (classify(value, "pypi", settings).kind !== "configured") {
    return warns(`is ${withoutSecrets(value)}: ${tool} takes it before the index of its files`);
  }
  return url?.username === "" ? warns(`has no user name: an old ${tool} then does not ask Vouch`) : undefined;
}
