/** Environment variables that pip and uv read before pip's files and before Vouch's keyring. */
import { fails, type Harm, type Machine, type VariableRule, warns } from "../checks/finding.ts";
import { classify, withoutSecrets } from "../registry-url.ts";

export const pipVariables: VariableRule[] = [
  {
    name: /^PIP_(INDEX_URL|EXTRA_INDEX_URL)$/,
    harm: (value, machine) => pythonIndex(value, machine, "pip"),
  },
  {
    name: /^UV_(INDEX_URL|DEFAULT_INDEX|INDEX|EXTRA_INDEX_URL)$/,
    // uv writes a named index as NAME=URL.
    harm: (value, machine) => pythonIndex(value.replace(/^[\w-]+=(?=https?:)/, ""), machine, "uv"),
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
];

function pythonIndex(value: string, { settings }: Machine, tool: string): Harm | undefined {
  const url = URL.parse(value);
  if (url && url.password !== "") return fails(`holds a URL with a password, which ${tool} takes before it asks Vouch`);
  if (classify(value, "pypi", settings).kind !== "configured") {
    return warns(`is ${withoutSecrets(value)}: ${tool} takes it before the index of its files`);
  }
  return url?.username === "" ? warns(`has no user name: an old ${tool} then does not ask Vouch`) : undefined;
}
