-- subscriptions_one_live_key says more, and batches look by it.
SET LOCAL lock_timeout = '500ms';
DROP INDEX subscriptions_one_active_key;

-- A row that changes its state is due when the program says so: only ends that are repaired by hand
-- are followed.
DROP TRIGGER follow_end_date ON subscriptions;
CREATE TRIGGER follow_end_date BEFORE UPDATE OF end_date ON subscriptions FOR EACH ROW
    WHEN (NEW.end_date <> OLD.end_date AND OLD.due_at = OLD.end_date AND NEW.due_at = OLD.due_at
          AND NEW.status = OLD.status)
    EXECUTE FUNCTION follow_end_date();
