-- subscriptions_one_live_key says more, and batches look by it.
SET LOCAL lock_timeout = '500ms';
DROP INDEX subscriptions_one_active_key;
