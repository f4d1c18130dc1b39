"""Runs scim2-tester against VOUCH_URL, and prints what it found as JSON."""

import json
import os
import uuid

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server, filling
from scim2_tester.checkers import patch_add, patch_replace

random_value = filling.generate_random_value


def generate_random_value(context, path, *arguments, **named):
    """A userName is an e-mail address here, which no schema of SCIM can say."""
    value = random_value(context, path, *arguments, **named)
    if value is not None and str(path).lower().endswith("username"):
        return f"{uuid.uuid4()}@example.com"
    return value


for module in (filling, patch_add, patch_replace):
    module.generate_random_value = generate_random_value

headers = {"Authorization": f"Bearer {os.environ['VOUCH_SCIM_TOKEN']}"}
http = httpx2.Client(base_url=f"{os.environ['VOUCH_URL']}/scim/v2", headers=headers, timeout=60)
results = [
    {"status": result.status.name, "title": result.title, "resource": result.resource_type, "reason": result.reason}
    for result in check_server(SyncSCIMClient(http))
]
print(json.dumps(results))
