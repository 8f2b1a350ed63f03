-- Proves what the new checks say of old rows. Others read and write meanwhile.
SET LOCAL lock_timeout = '500ms';
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_status_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_period_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_next_plan_check;
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_plan_version_check;
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_grace_days_check;
