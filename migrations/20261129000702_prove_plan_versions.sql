-- Proves that every subscription has the version of a plan. Others read and write meanwhile.
SET LOCAL lock_timeout = '500ms';
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_plan_version_check;
