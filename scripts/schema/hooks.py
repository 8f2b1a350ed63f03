"""What `make schema-test` changes in the requests that schemathesis makes."""

import ipaddress
import re
import uuid

import schemathesis

USABLE_KEY = re.compile(r"[!-~]{1,255}\Z")


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.headers is None:
        case.headers = {}
    come_from_anywhere(case.headers)
    give_own_key(case.headers)
    if case.meta is None or not case.meta.generation.mode.is_negative:
        write_integers_plainly(case.body)


def come_from_anywhere(headers):
    """Gives each request an address of its own, as a proxy would name it.

    Many requests come without a valid key, and an address may make few of those.
    """
    headers["X-Forwarded-For"] = str(ipaddress.IPv4Address(uuid.uuid4().int % 2**24 + (10 << 24)))


def give_own_key(headers):
    """Gives most commands a key of their own.

    Examples and short random texts repeat. A key that was used for another request is refused, and
    nothing else of the request would be tested. Missing and malformed keys stay as they are, and so
    does one in eight of the others.
    """
    for name, value in headers.items():
        if name.lower() == "idempotency-key" and USABLE_KEY.match(str(value)):
            if uuid.uuid4().int % 8:
                headers[name] = str(uuid.uuid4())


def write_integers_plainly(body):
    """Writes 2.0 as 2 in requests that are meant to be right.

    JSON Schema takes 2.0 for an integer and has no words to say otherwise. The API refuses it.
    """
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, float) and value.is_integer():
                body[name] = int(value)
            else:
                write_integers_plainly(value)
