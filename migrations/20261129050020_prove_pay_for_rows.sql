-- Proves what the new checks say of old rows. Others read and write meanwhile.
SET LOCAL lock_timeout = '500ms';
ALTER TABLE users VALIDATE CONSTRAINT users_currency_check;
ALTER TABLE users VALIDATE CONSTRAINT users_credit_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_status_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_period_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_live_due_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_conversion_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_attempts_check;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_payment_check;
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_status_check;
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_due_check;
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_value_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_source_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_months_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_slice_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_length_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_value_check;
ALTER TABLE grants VALIDATE CONSTRAINT grants_payment_fkey;
