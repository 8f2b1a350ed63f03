-- Which time the grants of a subscription cover.

SET LOCAL lock_timeout = '500ms';

-- That instant and so many months more, or less, by the calendar of UTC.
CREATE FUNCTION months_after(instant timestamptz, months integer) RETURNS timestamptz
IMMUTABLE LANGUAGE sql AS $$
    SELECT (instant AT TIME ZONE 'UTC' + make_interval(months => months)) AT TIME ZONE 'UTC'
$$;

-- The grants of a subscription in the order of their ids, each with its slice. A row of a release
-- before has none: it covers its months after those of the grants before it, counted from the
-- anchor, or back from it. One that waits, or never began, covers nothing.
CREATE FUNCTION grants_of(of_client bigint, of_subscription bigint) RETURNS TABLE (
    id bigint, source text, gift_id bigint, reason text, slice_start timestamptz,
    slice_end timestamptz, payment_id bigint, closed_at timestamptz, grant_row jsonb
) STABLE LANGUAGE sql AS $$
    SELECT placed.id, placed.source, placed.gift_id, placed.reason, placed.covers_from,
           placed.covers_to, placed.payment_id, placed.closed_at,
           to_jsonb(placed.stored) || jsonb_build_object('slice_start', placed.covers_from,
                                                         'slice_end', placed.covers_to)
    FROM (SELECT ended.id, ended.source, ended.gift_id, ended.reason, ended.payment_id,
                 ended.closed_at, ended.stored, ended.covers_to,
                 CASE WHEN ended.stored_start IS NOT NULL OR NOT ended.has_begun
                      THEN ended.stored_start
                      ELSE coalesce(lag(ended.covers_to) OVER (ORDER BY ended.id),
                                    ended.start_date) END AS covers_from
          FROM (SELECT given.id, given.source, given.gift_id, given.reason, given.payment_id,
                       given.closed_at, given AS stored, given.slice_start AS stored_start,
                       owner.start_date, owner.start_date < owner.end_date AS has_begun,
                       CASE WHEN given.slice_end IS NOT NULL THEN given.slice_end
                            WHEN owner.start_date < owner.end_date
                            THEN months_after(
                                coalesce(owner.anchor, owner.start_date),
                                (sum(given.months) OVER (ORDER BY given.id))::integer
                                - owner.months + coalesce(owner.anchor_months, owner.months))
                       END AS covers_to
                FROM (SELECT subscriptions.client_id, subscriptions.id, subscriptions.start_date,
                             subscriptions.end_date, subscriptions.months, subscriptions.anchor,
                             subscriptions.anchor_months
                      FROM subscriptions
                      WHERE subscriptions.client_id = $1 AND subscriptions.id = $2
                      LIMIT 1) AS owner
                    JOIN grants AS given ON given.client_id = owner.client_id
                                        AND given.subscription_id = owner.id) AS ended) AS placed
    ORDER BY placed.id
$$;
