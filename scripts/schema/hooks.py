"""What `make schema-test` changes in the requests that schemathesis makes."""

import re
import uuid

import schemathesis

USABLE_KEY = re.compile(r"[!-~]{1,255}\Z")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives most commands a key of their own.

    Examples and short random texts repeat. A key that was used for another request is refused, and
    nothing else of the request would be tested. Missing and malformed keys stay as they are, and so
    does one in eight of the others.
    """
    headers = case.headers or {}
    for name, value in headers.items():
        if name.lower() == "idempotency-key" and USABLE_KEY.match(str(value)):
            if uuid.uuid4().int % 8:
                headers[name] = str(uuid.uuid4())
