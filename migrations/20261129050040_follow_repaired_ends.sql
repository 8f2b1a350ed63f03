-- Only an end that was repaired by hand is followed. What the program moves the end of has other
-- months or another anchor, too, and is due when the program says so: something else may be due
-- where its end was, because its trial ends, what was paid is earned, or a payment is waited for.
SET LOCAL lock_timeout = '500ms';
DROP TRIGGER follow_end_date ON subscriptions;
CREATE TRIGGER follow_end_date BEFORE UPDATE OF end_date ON subscriptions FOR EACH ROW
    WHEN (NEW.end_date <> OLD.end_date AND OLD.due_at = OLD.end_date AND NEW.due_at = OLD.due_at
          AND NEW.status = OLD.status AND NEW.status <> 'trialing'
          AND NEW.months = OLD.months
          AND NEW.anchor IS NOT DISTINCT FROM OLD.anchor
          AND NEW.anchor_months IS NOT DISTINCT FROM OLD.anchor_months
          AND NEW.recognise_at IS DISTINCT FROM NEW.due_at
          AND NEW.payment_until IS DISTINCT FROM NEW.due_at)
    EXECUTE FUNCTION follow_end_date();
