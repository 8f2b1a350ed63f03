-- Notes a sign of life of a worker, by the clock of Redis. apalis uses the clock of the worker's
-- host: a dead worker whose clock was ahead would count as alive until the other clocks have caught
-- up. So signs of life in the future are set back to now.
--
-- When it was seen last is also noted in memory only: a Redis that was started again, or a replica
-- that was promoted, does not have it, or an old one from a snapshot, and may have lost what
-- workers wrote before. A snapshot may be quite new, so callers compare their connections, too.
--
-- KEYS  1 workers  2 worker metadata
-- ARGV  1 worker  2 ttl of the metadata, in seconds  3 the longest time between signs of life, in
--       seconds
-- Returns 1 if Redis has gone on since the last one, else 0 until give_back.lua was called.
--
-- A write that needs no memory comes first: after it a full Redis refuses none.
local now = redis.call('TIME')[1]
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], 'XX', now, ARGV[1])
for _, ahead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  redis.call('ZADD', KEYS[1], now, ahead)
end
local seen = redis.call('HGET', KEYS[2], 'seen')
if not seen or now - seen > tonumber(ARGV[3]) then return 0 end
redis.set_repl(redis.REPL_NONE)
redis.call('HSET', KEYS[2], 'seen', now)
return 1
