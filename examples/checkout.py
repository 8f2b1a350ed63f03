#!/usr/bin/env python3
"""A checkout: a card that is declined, then one that its bank wants to be confirmed (3-D Secure).

    examples/checkout.py            beside `make run`, which needs no API key
    API_URL=… API_KEY=sck_… examples/checkout.py

It needs Python 3.8 and nothing else. Payments have to be simulated: it plays the bank, too.
"""
import json
import os
import time
import urllib.error
import urllib.request
import uuid

API_URL = os.environ.get("API_URL", "http://127.0.0.1:8080")
API_KEY = os.environ.get("API_KEY")
# A proxy that the environment names must not be used for loopback.
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(method, url, body=None, headers=None):
    """Sends a request and returns status, headers and body of its answer, whatever it is."""
    headers = dict(headers or {})
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(API_URL + url, data, headers, method=method)
    try:
        answer = HTTP.open(asked, timeout=40)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return answer.status, answer.headers, json.loads(answer.read() or b"null")


def authorised():
    return {"Authorization": f"Bearer {API_KEY}"} if API_KEY else {}


def get(path):
    return request("GET", path, headers=authorised())[2]


def submit(path, body, key=None):
    """Sends a command until it is decided, always with the same key, so that it takes effect once.

    A shop keeps the key beside the order before it sends it, so that it can go on after a crash."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4()), **authorised()}
    for _ in range(100):
        try:
            status, answered, answer = request("POST", path, body, headers)
        except OSError:  # Nobody knows whether it arrived.
            time.sleep(1)
            continue
        if status == 202 or status == 429 or status >= 500:  # Not yet: see docs/API.md#errors.
            time.sleep(int(answered.get("Retry-After", 1)))
            continue
        return status, answer
    raise SystemExit(f"{path} was not decided")


def card(user, token):
    """Puts a card on file and makes it the one that is charged."""
    status, method = submit("/payment-methods", {"user_id": user, "token": token})
    if status == 201 and not method["is_default"]:
        status, method = submit("/payment-methods/default", {"payment_method_id": method["id"]})
    assert status in (200, 201), method


def subscribe(user):
    """Buys. A new try of the user is a new command, so each call has a key of its own."""
    status, answer = submit("/subscribe", {"user_id": user, "plan": "bronze-monthly"})
    if status == 201:
        return answer
    if answer["code"] == "payment_declined":
        print("declined:", answer["decline_code"])
        return None
    raise SystemExit(f"{status} {answer['code']}: {answer['detail']}")


def main():
    email = f"{uuid.uuid4()}@example.com"
    user = submit("/users", {"email": email})[1]["id"]

    # The shop shows the decline, and asks for another card. Nothing was bought, nothing is owed.
    card(user, "sim_insufficient_funds")
    assert subscribe(user) is None

    # This one is paid when the user has confirmed it: the shop sends the user's browser there.
    card(user, "sim_action")
    subscription = subscribe(user)
    payment = subscription["payment"]
    assert (subscription["status"], payment["status"]) == ("pending", "action_required")
    print("confirm", payment["amount"], payment["currency"], "at", payment["action_url"])

    # What the user does there. With Stripe, `action_url` is a page of the bank.
    request("POST", payment["action_url"], {"outcome": "succeed"})

    # The shop grants access by what is so, not by the browser coming back.
    for _ in range(300):
        entitlement = get(f"/users/{user}/entitlement")
        if entitlement["entitled"]:
            print(f"{entitlement['plan']}: {entitlement['status']} until {entitlement['until']}")
            return
        time.sleep(0.1)
    raise SystemExit("not paid")


if __name__ == "__main__":
    main()
