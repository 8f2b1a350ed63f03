-- Writes something and removes it, to see whether Redis takes writes. It is not written to Redis's
-- log, which would cost a wait for the disk.
--
-- KEYS  1 a key of no meaning
redis.set_repl(redis.REPL_NONE)
redis.call('SET', KEYS[1], '')
redis.call('DEL', KEYS[1])
