//! The kinds of problems: one row each, from which answers, pages and the API's schema are made.

use super::kind::{Advice, Row, table};
use Advice::{NewKey, No, SameKey};

// Each row: status, code, title, advice; then what it means, and what to do about it.
table! {
    // Before admission: nothing happened and the key is still free.
    MalformedRequest: 400, "malformed_request", "The request is not valid HTTP", No,
        "The line or the headers of the request are not HTTP/1.1. The connection is closed.",
        "Look at what the client or a proxy before it sends. A TLS client needs a TLS proxy.";
    MalformedJson: 400, "malformed_json", "The body is not valid JSON", No,
        "The body is not JSON, has a member twice, or did not arrive whole within 10 seconds.",
        "Send the whole body as one JSON object in which each member occurs once.";
    InvalidRequest: 400, "invalid_request", "The request is not valid", No,
        "A member or a parameter is missing, not known, of a wrong type or out of its range.",
        "Correct every field that errors names, then send the request again with the same key.";
    IdempotencyKeyMissing: 400, "idempotency_key_missing",
        "The Idempotency-Key header is missing", No,
        "Every POST needs an Idempotency-Key, by which a retry is recognised.",
        "Add the header, with a new random value such as a UUID for each new intent.";
    IdempotencyKeyInvalid: 400, "idempotency_key_invalid",
        "The Idempotency-Key header is not valid", No,
        "There is more than one Idempotency-Key, or it is not 1 to 255 visible ASCII characters.",
        "Send the header once, without spaces. A UUID is a good value.";
    HeaderRepeated: 400, "header_repeated", "A header occurs more than once", No,
        "Two headers of one name contradict each other, and which one counts is anybody's guess.",
        "Send the header that detail names once.";
    WebhookSignatureInvalid: 400, "webhook_signature_invalid",
        "The signature of the webhook is not valid", No,
        "No secret that we know signs this body so, or it was signed more than 5 minutes ago.",
        "Compare the signing secret at the provider with our settings, and the clocks.";
    Unauthenticated: 401, "unauthenticated", "A valid API key is needed", No,
        "The API key is missing, unknown, expired or revoked. The answer does not tell which.",
        "Send Authorization: Bearer and a valid API key. Keys are made by the operator.";
    InsufficientScope: 403, "insufficient_scope", "The API key does not allow this", No,
        "The API key is valid, but its scope does not include this request.",
        "Use an API key with the scope that required_scope names.";
    OriginNotAllowed: 403, "origin_not_allowed", "Pages of this origin may not ask", No,
        "An api in open mode answers no web page but those of this machine.",
        "Serve the page from localhost, or use an api that needs API keys.";
    RouteNotFound: 404, "route_not_found", "There is nothing at this path", No,
        "The api serves nothing at this path.",
        "Compare the path with the documentation. There is no slash at the end of a path.";
    JobNotFound: 404, "job_not_found", "There is no such job", SameKey,
        "This client submitted no such job, or the job was lost before a worker took it.",
        "Send the command again with the same Idempotency-Key: it is done once in any case.";
    MethodNotAllowed: 405, "method_not_allowed", "The path does not know this method", No,
        "The path is served, but not with this method.",
        "Use one of the methods in the Allow header.";
    PayloadTooLarge: 413, "payload_too_large", "The body is too large", No,
        "The body has more than 64 KiB.",
        "Send a smaller body. No command needs more than a few hundred bytes.";
    UnsupportedMediaType: 415, "unsupported_media_type", "The body must be application/json", No,
        "The Content-Type of the body is missing or is not application/json.",
        "Send the body as JSON, with Content-Type: application/json.";
    UnsupportedContentEncoding: 415, "unsupported_content_encoding",
        "The body must not be compressed", No,
        "The body has a Content-Encoding other than identity.",
        "Send the body as it is, without Content-Encoding.";
    HostNotAllowed: 421, "host_not_allowed", "The api does not answer to this name", No,
        "An api in open mode answers to loopback names only, so that no web page can pose as it.",
        "Ask for localhost or 127.0.0.1, or use an api that needs API keys.";
    HeadTooLarge: 431, "head_too_large", "The head of the request is too large", No,
        "The line and the headers of the request have more than 32 KiB, or are over 100 headers.",
        "Send fewer or smaller headers, and a shorter path. The connection is closed.";
    IdempotencyKeyReused: 422, "idempotency_key_reused", "The key was used for another request",
        NewKey,
        "A request with another method, path or body used this Idempotency-Key before.",
        "Use a new key for a new intent. For a retry send exactly the request of the first time.";
    RateLimited: 429, "rate_limited", "Too many requests", SameKey,
        "The client has used up its tokens, and nothing was accepted.",
        "Wait as long as Retry-After says, then send the request again with the same key.";
    TooManyFailedAuthentications: 429, "too_many_failed_authentications",
        "Too many requests without a valid API key", No,
        "This address has sent 20 requests in a minute that had no valid API key.",
        "Use a valid API key: it works at once. Any other attempt has to wait for Retry-After.";
    QueueFull: 503, "queue_full", "The queue is full", SameKey,
        "As many jobs wait as the queue may hold, and nothing was accepted.",
        "Wait as long as Retry-After says, then send the request again with the same key.";
    QueueUnavailable: 503, "queue_unavailable", "The queue cannot be reached", SameKey,
        "Redis did not answer in time. The command may have been admitted all the same.",
        "Send the request again with the same key: it is done once in any case.";
    StorageUnavailable: 503, "storage_unavailable", "The database cannot be reached", SameKey,
        "The request needs Postgres, which cannot be reached.",
        "Wait as long as Retry-After says, then send the request again.";
    Overloaded: 503, "overloaded", "There is no room for the request", SameKey,
        "There are too many connections or large bodies at once, and nothing was accepted.",
        "Wait as long as Retry-After says, then send the request again with the same key.";
    Internal: 500, "internal", "Something went wrong on our side", SameKey,
        "The request was fine, and the fault is ours.",
        "Try again later with the same key. If it stays, report the X-Request-Id of the answer.";
    // Decided by the business rules: committed and replayed.
    NotATestClient: 403, "not_a_test_client", "The client is not a test client", NewKey,
        "Only the time of a test client stands still, and this client is live.",
        "Use an API key of a test client. Such a client is made by the operator.";
    UserNotFound: 404, "user_not_found", "There is no such user", NewKey,
        "The client has no user with this id.",
        "Use the id that the answer to POST /users gave.";
    GifterNotFound: 404, "gifter_not_found", "There is no such gifter", NewKey,
        "The client has no user with the id given as gifter_id.",
        "Create the giver with POST /users first, or correct gifter_id.";
    SubscriptionNotFound: 404, "subscription_not_found", "There is no such subscription", NewKey,
        "The client has no subscription with this id.",
        "Use an id from GET /subscriptions/{user_id}.";
    GiftNotFound: 404, "gift_not_found", "There is no such gift", NewKey,
        "The client has no gift with this id.",
        "Use the id that the answer to POST /gift gave.";
    PlanNotFound: 404, "plan_not_found", "There is no such plan", NewKey,
        "The client has no plan with this code.",
        "Use a code from GET /plans?retired=true, or make the plan with PUT /plans/{code}.";
    EmailTaken: 409, "email_taken", "The email belongs to another user", NewKey,
        "Another user of the client has this email address. Case makes no difference.",
        "Use the user who has the address, or another address.";
    ExternalIdTaken: 409, "external_id_taken", "The external id belongs to another user", NewKey,
        "Another user of the client has this external id. Case makes a difference.",
        "Use the user that user_id names, or another external id.";
    AlreadySubscribed: 409, "already_subscribed", "The user has an active subscription", NewKey,
        "A user has at most one active subscription, and this one has it until end_date.",
        "Renew the subscription that subscription_id names, or cancel it first.";
    SubscriptionNotActive: 409, "subscription_not_active", "The subscription is not active", NewKey,
        "The subscription is in a state, current_status, in which it cannot be changed so.",
        "Begin a new subscription with POST /subscribe, or resume one that is paused.";
    NotCancelling: 409, "not_cancelling", "The subscription is not to be cancelled", NewKey,
        "The subscription is not to be cancelled at its end, or it has ended.",
        "There is nothing to take back. Begin a new subscription if this one has ended.";
    SubscriptionCancelling: 409, "subscription_cancelling",
        "The subscription is to be cancelled at its end", NewKey,
        "A subscription that is to be cancelled at its end cannot be paused.",
        "Take the cancellation back with POST /uncancel first.";
    SubscriptionNotPaused: 409, "subscription_not_paused", "The subscription is not paused", NewKey,
        "The subscription is in another state, current_status.",
        "There is nothing to resume.";
    GiftNotRecipient: 403, "gift_not_recipient", "The gift is for somebody else", NewKey,
        "The email of the user is not the one that the gift was sent to.",
        "Redeem the gift for the user whose email is its recipient_email.";
    GiftAlreadyRedeemed: 409, "gift_already_redeemed", "The gift has been redeemed", NewKey,
        "A gift can be redeemed once, and this one was.",
        "There is nothing to do. GET /gifts/{id} shows when it was redeemed.";
    GiftExpired: 410, "gift_expired", "The gift has expired", NewKey,
        "The gift was not redeemed before expired_at.",
        "The gift cannot be redeemed any more. A new one can be given with POST /gift.";
    UnknownPlan: 422, "unknown_plan", "There is no such plan", NewKey,
        "No plan of this name is on sale.",
        "Use one of the plans that detail names.";
    PlanRetired: 422, "plan_retired", "The plan is not sold any more", NewKey,
        "The plan was taken off sale. Subscriptions that have it keep it.",
        "Use one of the plans of GET /plans.";
    DurationNotMultiple: 422, "duration_not_multiple", "The duration does not fit the plan", NewKey,
        "The plan is sold in whole intervals, and duration_months is no multiple of them.",
        "Use a multiple of the months that detail names, or leave duration_months out.";
    TermTooLong: 422, "term_too_long", "The term would end too late", NewKey,
        "The subscription would end after the year 9999.",
        "Use fewer months.";
    DateOutOfRange: 422, "date_out_of_range", "The date is out of range", NewKey,
        "The date lies in the past, or more than 365 days ahead.",
        "Use a date within the next 365 days.";
    EndNotOnAnchor: 422, "end_not_on_anchor", "The end does not fit the anchor", NewKey,
        "The end_date is no whole number of calendar months after the anchor.",
        "Use the anchor and the end that the subscription has where it runs.";
    EndInPast: 422, "end_in_past", "The subscription has ended", NewKey,
        "The end_date of the imported subscription is not later than now.",
        "Only what runs can be imported.";
    ClockAdvancing: 409, "clock_advancing", "The clock is being advanced", NewKey,
        "The clock of the test client is on its way. Another advance gets 409. Any other command \
         gets 503, and nothing was accepted.",
        "Wait for the advance to end. After a 503 the same key may be used, after a 409 a new one.";
    ClockBackwards: 422, "clock_backwards", "The clock cannot go back", NewKey,
        "The instant is earlier than now, which is what the clock of the test client says.",
        "Use now or a later instant. For an earlier one another test client is needed.";
    ClockTooFar: 422, "clock_too_far", "The clock cannot go so far at once", NewKey,
        "The instant is more than five years after what the clock says, or after the year 8999.",
        "Advance it in several steps of at most five years.";
    TrialNotAvailable: 409, "trial_not_available", "There is no trial for this user", NewKey,
        "The plan has no trial, or the user has begun one of its tier before.",
        "Leave trial out, or send it as false: the purchase is then charged at once.";
    PaymentInProgress: 409, "payment_in_progress", "A payment is in progress", NewKey,
        "A payment of the same subscription or gift, payment_id, has not come to its end.",
        "Look at GET /payments/{id} until it has ended. Cancelling and redeeming go on meanwhile.";
    PaymentDisputed: 409, "payment_disputed", "The payment is disputed", NewKey,
        "The user disputes the payment at his bank, which decides about the money.",
        "Wait for the end of the dispute.";
    PaymentNotRefundable: 409, "payment_not_refundable", "Nothing can be paid back", NewKey,
        "The payment did not succeed, had no cash, or all of it was paid back already.",
        "There is nothing to pay back. GET /payments/{id} shows what was.";
    PlanUnchanged: 409, "plan_unchanged", "The subscription has this plan", NewKey,
        "The subscription has this plan in its newest version, and no change of plan waits.",
        "There is nothing to change.";
    GiftCancelled: 410, "gift_cancelled", "The gift was taken back", NewKey,
        "The giver got the money back, or has cancelled the gift.",
        "The gift cannot be redeemed any more.";
    PaymentNotFound: 404, "payment_not_found", "There is no such payment", NewKey,
        "The client has no payment with this id.",
        "Use an id from GET /payments, or from the member payment of an answer.";
    PaymentMethodNotFound: 404, "payment_method_not_found", "There is no such payment method",
        NewKey,
        "The client has no payment method with this id that is in use.",
        "Use an id from GET /payment-methods?user_id=.";
    PaymentMethodRequired: 402, "payment_method_required", "A payment method is needed", NewKey,
        "There is something to pay, and the user has no default payment method.",
        "Set one up with POST /payment-methods, or choose one with POST /payment-methods/default.";
    PaymentMethodDeclined: 402, "payment_method_declined", "The payment method was refused", NewKey,
        "The provider has refused the payment method, for the reason in decline_code.",
        "Have the user enter another one.";
    PaymentDeclined: 402, "payment_declined", "The payment was declined", NewKey,
        "The payment method was not charged, for the reason in decline_code, or what was charged \
         too late is paid back. Nothing was changed.",
        "Have the user choose another payment method, then try again.";
    PaymentActionRequired: 402, "payment_action_required", "The user has to confirm the payment",
        NewKey,
        "The bank of the user wants him to confirm the payment. Until then nothing changes.",
        "Lead the user to action_url of payment before expires_at. It takes effect by itself then.";
    CurrencyMismatch: 422, "currency_mismatch", "The user pays in another currency", NewKey,
        "The first payment of a user decides the currency, and the plan has another one.",
        "Use a plan whose price is in the currency that currency names.";
    PriceTooSmall: 422, "price_too_small", "The price is too small to be charged", NewKey,
        "The price of the plan is less than the provider of payments charges.",
        "Give the plan a higher price, or the price 0.";
    RefundTooLarge: 422, "refund_too_large", "The refund is too large", NewKey,
        "It is more than was charged, less what was paid back and what became credit.",
        "Use an amount of at most amount_max. If that is 0, nothing is left to be paid back.";
    RefundPartialGift: 422, "refund_partial_gift", "A gift is paid back whole", NewKey,
        "The amount is not all that was charged for the gift.",
        "Leave amount out.";
    PaymentsDisabled: 422, "payments_disabled", "No payments are taken", NewKey,
        "The plan has a price, and only plans of price 0 are sold as long as no payments are \
         taken.",
        "Use a plan of GET /plans whose price is 0.";
    // The job was given up.
    ProcessingFailed: 503, "processing_failed", "The command could not be processed", SameKey,
        "The command was tried several times and given up. Nothing of it was done.",
        "Send the request again with the same key, which begins the same job anew.";
}
