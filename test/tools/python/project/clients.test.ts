import { expect, test } from "bun:test";
import { pipArguments } from "../../../../src/tools/python/project/clients.ts";
import { secretsIn } from "../../../../src/tools/python/guard/secrets.ts";

test.each<[string, string | undefined]>([
  ["pip install x", "install x"],
  ["pip3.12 install x", "install x"],
  ["/venv/bin/python /venv/bin/pip install x", "install x"],
  ["python3 -m pip install x", "install x"],
  ["python3 -I -Wignore -m pip install x", "install x"],
  ["python3 -Im pip install x", "install x"],
  ["python3 -mpip install x", "install x"],
  ["python3 /venv/lib/python3.12/site-packages/pip/__pip-runner__.py install x", "install x"],
  ["python3 /venv/lib/python3.12/site-packages/pip install x", "install x"],
  ["python3 /venv/bin/pip-compile requirements.in", "requirements.in"],
  ["python3 -m piptools compile x", "compile x"],
  ["python3 -Impip install x", "install x"],
  ["python3 -B -sEmpip install x", "install x"],
  ["python3 /venv/lib/python3.12/site-packages/pip/__main__.py install x", "install x"],
  ["python3 pip/__main__.py install x", "install x"],
  ["python3 pip.pyz install x", "install x"],
  ["python3 pip-26.3-py3-none-any.whl/pip install x", "install x"],
  ["python3 -c from\u00a0pip\u00a0import\u00a0main install x", "install x"],
  ["uv pip install x", undefined],
  ["python3 script.py pip", undefined],
  ["bash", undefined],
  ["", undefined],
])("pip's arguments are found in the command line %p", (line, args) => {
  expect(pipArguments(line.split(" "))?.join(" ")).toBe(args);
});

test("the tokens of an environment are found, and every variable that repeats one", () => {
  const token = "a-token-that-is-long-enough";
  const { values, variables } = secretsIn({
    CODEARTIFACT_AUTH_TOKEN: token,
    COPY: `Bearer ${token}`,
    PIP_INDEX_URL: "https://aws:another-long-token-1@x.example/simple/",
    UV_INDEX_ACME_PASSWORD: "another-long-token-2",
    VOUCH_JOB_TOKENS: '{"job":"x","tokens":[{"token":"another-long-token-3"}]}',
    "npm_config_//x.example/:_authToken": "another-long-token-4",
    TWINE_PASSWORD: "short",
    HOME: "/home/me",
    UNSET: undefined,
  });
  expect(values.toSorted()).toEqual(
    [token, ...[1, 2, 3, 4].map((number) => `another-long-token-${number}`)].toSorted(),
  );
  expect([...variables].toSorted()).toEqual([
    "CODEARTIFACT_AUTH_TOKEN",
    "COPY",
    "PIP_INDEX_URL",
    "UV_INDEX_ACME_PASSWORD",
    "VOUCH_JOB_TOKENS",
    "npm_config_//x.example/:_authToken",
  ]);
});
