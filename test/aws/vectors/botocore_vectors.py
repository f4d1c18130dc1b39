"""Prints what botocore answers, as JSON: endpoints of STS and CodeArtifact, and SigV4 signatures.

    python3 botocore_vectors.py > botocore.json

botocore is found as a package of its own or inside Debian's AWS CLI.
"""

import datetime
import itertools
import json
from urllib.parse import quote

try:
    import botocore
except ModuleNotFoundError:
    # Debian's AWS CLI carries botocore inside and registers it when it is imported.
    import awscli
    import botocore

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

# A region that is listed and one that is not, or not yet, for each partition.
REGIONS = [
    "us-east-1", "eu-central-1", "mx-north-7",
    "cn-north-1", "cn-south-7",
    "us-gov-west-1", "us-gov-north-7",
    "eusc-de-east-1", "eusc-de-west-7",
    "us-iso-east-1", "us-iso-north-7",
    "us-isob-east-1", "us-isob-north-7",
    "eu-isoe-west-1", "eu-isoe-north-7",
    "us-isof-south-1", "us-isof-north-7",
    "xx-nowhere-1",
]

LONG_TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD" + "aB3/+x" * 120 + "=="

# name, method, endpoint, path, query, headers, body, session token
REQUESTS = [
    ("GetAuthorizationToken", "POST", "https://codeartifact.us-east-1.amazonaws.com", "/v1/authorization-token",
     [("domain", "my-domain"), ("domain-owner", "123456789012"), ("duration", "900")], {}, "", LONG_TOKEN),
    ("GetRepositoryEndpoint", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/repository/endpoint",
     [("domain", "my-domain"), ("domain-owner", "123456789012"), ("repository", "my.repo_1"), ("format", "cargo")],
     {}, "", LONG_TOKEN),
    ("no session token", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/repository/endpoint",
     [("domain", "d1")], {}, "", None),
    ("no query", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/domains", [], {}, "", "token"),
    ("root path", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/", [], {}, "", "token"),
    ("names out of order", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x",
     [("b", "2"), ("a", "1"), ("B", "3"), ("A", "4"), ("a-b", "5"), ("a.b", "6")], {}, "", "token"),
    ("a name twice", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x",
     [("k", "z"), ("k", "a"), ("k", "M")], {}, "", "token"),
    ("empty value", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x", [("k", "")], {}, "", "token"),
    ("reserved characters", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x",
     [("k", "a b+c/d=e&f?g#h:i;j,k@l!m$n'o(p)q*r~s_t-u.v%20w\"<>[]\\^`{|}")], {}, "", "token"),
    ("reserved characters in a name", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x",
     [("a b+c=d&e(f)", "1")], {}, "", "token"),
    ("unicode", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x",
     [("päckchen", "包裹 📦 e\u0301")], {}, "", "token"),
    ("path to be encoded", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/a b/ü+(1)*~'!:@$", [], {}, "", "token"),
    ("JSON body", "POST", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x", [],
     {"content-type": "application/json"}, '{"k":"wert – ü"}', "token"),
    ("headers with space", "POST", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x", [],
     {"x-amz-meta": "  a   b  ", "content-type": "text/plain; charset=utf-8"}, "x", "token"),
    ("user agent is not signed", "GET", "https://codeartifact.us-east-1.amazonaws.com", "/v1/x", [],
     {"user-agent": "vouch/1"}, "", "token"),
    ("a port and a path in the endpoint", "POST", "http://127.0.0.1:8080/aws/codeartifact", "/v1/authorization-token",
     [("domain", "my-domain")], {}, "", "token"),
    ("the default port", "GET", "https://codeartifact.us-east-1.amazonaws.com:443", "/v1/x", [], {}, "", "token"),
]

# service, region, time
SCOPES = [
    ("codeartifact", "us-east-1", "20250131T235959Z"),
    ("sts", "us-gov-west-1", "20240229T000000Z"),
    ("codeartifact", "cn-north-1", "20991231T120000Z"),
]

ACCESS_KEY = "ASIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def endpoints():
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    rows = []
    for service in ("sts", "codeartifact"):
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for region, fips, dual_stack in itertools.product(REGIONS, (False, True), (False, True)):
            try:
                url = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url
            except EndpointProviderError:
                url = None
            outputs = provider.ruleset.rule_lib.aws_partition(region)
            rows.append({
                "service": service, "region": region, "fips": fips, "dualStack": dual_stack, "url": url,
                "partition": {key: outputs[key] for key in ("name", "dnsSuffix", "dualStackDnsSuffix", "supportsFIPS", "supportsDualStack")},
            })
    return rows


def signatures():
    rows = []
    for (name, method, endpoint, path, query, headers, body, token), (service, region, time) in itertools.product(REQUESTS, SCOPES):
        encoded = "&".join(f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in query)
        url = endpoint.replace(":443", "") + quote(path, safe="/-_.~") + (f"?{encoded}" if encoded else "")
        request = AWSRequest(method=method, url=url, headers=headers, data=body.encode())
        request.context["timestamp"] = time
        auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY, token), service, region)
        # What add_auth does, with the time given instead of read from the clock.
        auth._modify_request_before_signing(request)
        signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        auth._inject_signature_to_request(request, signature)
        moment = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append({
            "name": name, "method": method, "endpoint": endpoint, "path": path, "query": query, "headers": headers,
            "body": body, "sessionToken": token, "service": service, "region": region, "date": moment,
            "url": url, "authorization": request.headers["Authorization"],
        })
    return rows


print(json.dumps({
    "botocore": botocore.__version__,
    "accessKeyId": ACCESS_KEY,
    "secretAccessKey": SECRET_KEY,
    "endpoints": endpoints(),
    "signatures": signatures(),
}, indent=1, ensure_ascii=False))
