"""Signs what schemathesis sends: a generated DPoP header of the right form becomes a proof of this very request."""

import base64
import hashlib
import json
import os
import re
import time
import uuid

import jwt
import schemathesis

SESSIONS = json.loads(os.environ["VOUCH_SESSIONS"])
KEYS = {name: jwt.PyJWK(session["privateJwk"], "ES256").key for name, session in SESSIONS.items()}
FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def session_of(case):
    """Ending sessions ends those of another person, and an administrator reads and changes."""
    if case.operation.path.startswith("/scim/"):
        return "scim"
    if case.operation.path.startswith("/v1/admin/"):
        return "administering"
    return "ending" if case.operation.path == "/v1/sessions/end" else "lasting"


@schemathesis.auth(cache_by_key=lambda case, context: session_of(case))
class SessionAuth:
    """The access token of the session, or the token of SCIM."""

    def get(self, case, context):
        name = session_of(case)
        return os.environ["VOUCH_SCIM_TOKEN"] if name == "scim" else SESSIONS[name]["accessToken"]

    def set(self, case, data, context):
        schemes = [scheme for each in case.operation.definition.raw.get("security", []) for scheme in each]
        if "session" in schemes:
            case.headers["Authorization"] = f"DPoP {data}"
        if "scimToken" in schemes:
            case.headers["Authorization"] = f"Bearer {data}"


def is_to_be_signed(case):
    """Whether the header is not what this request has wrong."""
    header = (case.headers or {}).get("DPoP")
    if header is None or case.meta is None:
        return False
    varied = getattr(case.meta.phase.data, "parameter", None)
    return FORM.fullmatch(str(header)) is not None or varied not in (None, "DPoP")


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_to_be_signed(case):
        return
    name = session_of(case)
    session = SESSIONS[name]
    claims = {
        "jti": str(uuid.uuid4()),
        "htm": case.method.upper(),
        "htu": os.environ["VOUCH_URL"] + case.operation.path,
        "iat": int(time.time()),
    }
    if case.operation.path != "/oauth/token":
        digest = hashlib.sha256(session["accessToken"].encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    public = {key: session["privateJwk"][key] for key in ("kty", "crv", "x", "y")}
    proof = jwt.encode(claims, KEYS[name], "ES256", headers={"typ": "dpop+jwt", "jwk": public})
    case.headers["DPoP"] = proof
