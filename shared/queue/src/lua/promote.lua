-- Moves due retries to the waiting tasks, in bounded steps. apalis-redis moves all at once, and
-- fails for good when 8000 are due.
--
-- KEYS  1 scheduled  2 active
-- ARGV  1 the most to move  2 wake channel
-- Returns how many were moved.
local now = redis.call('TIME')[1]
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], 0, now, 'LIMIT', 0, ARGV[1])
if #ids == 0 then return 0 end
redis.call('RPUSH', KEYS[2], unpack(ids))
redis.call('ZREM', KEYS[1], unpack(ids))
redis.call('PUBLISH', ARGV[2], '1')
return #ids
