-- no-transaction
-- Clocks that are to be moved, which runners look for by themselves: among the charges of many
-- renewals that are due they would look through all of those.
CREATE INDEX CONCURRENTLY IF NOT EXISTS effects_clocks_idx
    ON effects (due_at, id)
    WHERE kind = 'clock';
