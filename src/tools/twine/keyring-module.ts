/**
 * The token as a password of Python's `keyring`, which twine asks. A module of that name stands before the real one, and
 * reads the pipe of helper/one-shot.ts as twine imports it: as it starts, before it looks at a package or starts gpg. (The
 * real one would look for its backend later, when the upload begins.) A configuration file cannot be the pipe: twine
 * resolves symbolic links in its name, so that on Linux it finds none at `/proc/self/fd/N`.
 */
import type { Environment } from "../../base/environment.ts";
import { pluginFolder, searchPathWith } from "../plugin-folder.ts";
import type { Upload } from "../python/upload.ts";

/** Names the pipe for the module. */
export const pipeVariable = "VOUCH_TWINE";

const moduleText = `"""Vouch writes this file: it hands twine a password that can be read once."""

import os

try:
    with open(os.environ["${pipeVariable}"], encoding="utf-8") as _pipe:
        _url, _, _token = _pipe.read().partition("\\n")
except (KeyError, OSError):
    _url = _token = ""


def get_password(service_name, username):
    if not _token:
        raise RuntimeError(
            "vouch: the token to publish with can be read once, and the twine that it was for has read it."
            " Start twine by itself: vouch then asks again."
        )
    return _token if service_name.rstrip("/") == _url.rstrip("/") else None


def get_credential(service_name, username):
    return None
`;

const errorsText = `"""Vouch writes this file: the names that twine imports."""


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError, RuntimeError):
    pass
`;

/** What the pipe holds. */
export function passwordText({ url, token }: Upload): string {
  return `${url}\n${token}`;
}

/**
 * The variables by which twine finds the password in the pipe at `path`, and asks nobody for another one. Writes the
 * module, which holds no secret. Throws `agent_untrusted`, `file_error`.
 */
export function keyringVariables(path: string, env: Environment): Record<string, string> {
  const folder = pluginFolder("twine", { "keyring/__init__.py": moduleText, "keyring/errors.py": errorsText });
  return {
    PYTHONPATH: searchPathWith(folder, env["PYTHONPATH"]),
    [pipeVariable]: path,
    TWINE_NON_INTERACTIVE: "1",
  };
}
