-- Schedules the next attempt of a task that failed, if the worker still holds it.
--
-- KEYS  1 attempts  2 in flight  3 scheduled
-- ARGV  1 job  2 its field of attempts  3 seconds until it is due
--
-- The first write removes nothing. It needs no memory, and after it a full Redis refuses none. What
-- is held is let go of last: if the script fails before, the worker repeats all of it.
redis.call('SREM', KEYS[2], '')
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then return end
redis.call('ZADD', KEYS[3], redis.call('TIME')[1] + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SREM', KEYS[2], ARGV[1])
