-- Moves due retries to the waiting tasks, in bounded steps. apalis-redis moves all at once, and
-- fails for good when 8000 are due.
--
-- KEYS  1 scheduled  2 active
-- ARGV  1 the most to move  2 wake channel  3 seconds after which every retry is due
-- Returns how many were moved.
local now = redis.call('TIME')[1]
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], 0, now, 'LIMIT', 0, ARGV[1])
-- A retry that is further away was scheduled when the clock of Redis was ahead: it is due.
if #ids == 0 then
  ids = redis.call('ZRANGEBYSCORE', KEYS[1], now + ARGV[3], '+inf', 'LIMIT', 0, ARGV[1])
end
if #ids == 0 then return 0 end
-- The first write removes nothing. It needs no memory, and after it a full Redis refuses none. It
-- also shows that the user may remove: otherwise the same tasks would be added each time.
redis.call('ZREM', KEYS[1], '')
redis.call('RPUSH', KEYS[2], unpack(ids))
redis.call('ZREM', KEYS[1], unpack(ids))
redis.call('PUBLISH', ARGV[2], '1')
return #ids
