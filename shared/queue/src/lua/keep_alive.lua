-- Notes a sign of life of a worker, by the clock of Redis. apalis uses the clock of the worker's
-- host: a dead worker whose clock was ahead would count as alive until the other clocks have caught
-- up. So signs of life in the future are set back to now.
--
-- KEYS  1 workers  2 worker metadata
-- ARGV  1 worker  2 ttl of the metadata, in seconds
--
-- A write that needs no memory comes first: after it a full Redis refuses none.
local now = redis.call('TIME')[1]
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], 'XX', now, ARGV[1])
for _, ahead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  redis.call('ZADD', KEYS[1], now, ahead)
end
