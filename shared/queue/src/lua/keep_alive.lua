-- Says that a worker lives, by the clock of Redis. apalis does so by the clock of the worker's host: one
-- that is ahead, and dies, would count as alive until the others' clocks have caught up. So nobody is
-- seen later than now.
--
-- KEYS  1 workers  2 the worker's note
-- ARGV  1 worker  2 ttl of the note, in seconds
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], 'XX', now, ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
for _, ahead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  redis.call('ZADD', KEYS[1], now, ahead)
end
