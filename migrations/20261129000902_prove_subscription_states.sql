-- Proves what the new checks say of old rows. Others read and write meanwhile.
SET LOCAL lock_timeout = '500ms';
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_status_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_cancelled_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_flag_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_paused_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_anchor_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_grace_days_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_months_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_live_due_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_source_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_months_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_reason_check;
