#!/usr/bin/python3
"""Makes and verifies credentials and assertions with python-fido2, which trusts nothing that a key says.

python_fido2.py DEVICE [--pin PIN] [--verification required|discouraged]

Prints one line a finding; ends with a traceback and 1 at the first thing that is wrong.
"""
import argparse
import sys

from fido2.attestation import Attestation
from fido2.client import ClientError, Fido2Client
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin
from fido2.hid import CAPABILITY, CtapHidDevice, open_device
from fido2.server import Fido2Server

ORIGIN = "https://example.com"
WRONG_PIN = "000000"
NEW_PIN = "another PIN"
# python-fido2 itself refuses fewer than four characters; the key must refuse fewer than its own six.
TOO_SHORT = "12345"

arguments = argparse.ArgumentParser()
arguments.add_argument("device")
arguments.add_argument("--pin")
arguments.add_argument("--verification", default="required")
options = arguments.parse_args()
attestations = []


def say(text):
    print("python-fido2: " + text, flush=True)


def expect_error(code, action):
    """Runs the action, which must be refused with the status."""
    try:
        action()
    except CtapError as error:
        refused = error.code
    except ClientError as error:
        refused = getattr(error.cause, "code", error.cause)
    else:
        sys.exit("expected %s, got an answer" % code)
    if refused != code:
        sys.exit("expected %s, got %s" % (code, refused))
    say("refused as it must be: %s" % code)


def verify_attestation(attestation_object, client_data_hash):
    verifier = Attestation.for_type(attestation_object.fmt)()
    verifier.verify(attestation_object.att_statement, attestation_object.auth_data, client_data_hash)
    attestations.append(attestation_object.fmt)


listed = [device.descriptor.path for device in CtapHidDevice.list_devices()]
say("lists %s" % ", ".join(map(str, listed)))
device = open_device(options.device)
ping = bytes(range(256)) * 4
assert device.ping(ping) == ping
device.wink()
client = Fido2Client(device, ORIGIN)
server = Fido2Server(
    {"id": "example.com", "name": "Example"}, attestation="direct", verify_attestation=verify_attestation
)
speaks_ctap2 = bool(device.capabilities & CAPABILITY.CBOR)
say("versions %s, options %s" % (client.info.versions, client.info.options))


def make(resident, credentials=None, pin=options.pin):
    user = {"id": b"user-%d" % resident, "name": "dev@example.com", "displayName": "Dev"}
    request, state = server.register_begin(user, credentials, resident, options.verification)
    result = client.make_credential(request["publicKey"], pin=pin)
    return server.register_complete(state, result.client_data, result.attestation_object).credential_data


def assert_it(credential, listed, pin=options.pin):
    request, state = server.authenticate_begin([credential] if listed else None, options.verification)
    result = client.get_assertion(request["publicKey"], pin=pin).get_response(0)
    answer = (result.client_data, result.authenticator_data, result.signature)
    identifier = result.credential_id or credential.credential_id
    server.authenticate_complete(state, [credential], identifier, *answer)
    try:
        server.authenticate_complete(state, [credential], identifier, *answer[:2], bytes(72))
    except Exception:
        return result.authenticator_data
    sys.exit("a signature of zeros was verified")


for resident in [False, True] if speaks_ctap2 else [False]:
    kind = "discoverable" if resident else "other"
    credential = make(resident)
    say("made and verified a credential (%s), attestation %s" % (kind, attestations[-1]))
    first = assert_it(credential, listed=not resident)
    second = assert_it(credential, listed=True)
    assert second.counter > first.counter, "the counter does not count"
    if options.verification == "required":
        assert first.is_user_verified(), "the user was not verified"
    say("got and verified two assertions (%s), counter %d" % (kind, second.counter))
    if speaks_ctap2:
        expect_error(CtapError.ERR.CREDENTIAL_EXCLUDED, lambda: make(resident, [credential]))

if options.pin:
    pin = ClientPin(client.ctap2)
    say("PIN/UV auth protocol %d, retries %d" % (pin.protocol.VERSION, pin.get_pin_retries()[0]))
    expect_error(CtapError.ERR.PIN_INVALID, lambda: make(False, pin=WRONG_PIN))
    assert pin.get_pin_retries()[0] == 7
    pin.change_pin(options.pin, NEW_PIN)
    expect_error(CtapError.ERR.PIN_INVALID, lambda: assert_it(credential, True, options.pin))
    assert_it(credential, True, NEW_PIN)
    assert pin.get_pin_retries()[0] == 8
    expect_error(CtapError.ERR.PIN_POLICY_VIOLATION, lambda: pin.change_pin(NEW_PIN, TOO_SHORT))
    pin.change_pin(NEW_PIN, options.pin)
    say("changed the PIN and changed it back")
say("found nothing wrong")
