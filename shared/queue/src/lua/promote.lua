-- Makes due retries available, in bounded steps. apalis-redis does so too, but all at once, and
-- wedges for good when 8000 are due.
--
-- KEYS  1 scheduled  2 active
-- ARGV  1 at most  2 wake channel
local now = redis.call('TIME')[1]
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], 0, now, 'LIMIT', 0, ARGV[1])
if #ids == 0 then return 0 end
redis.call('RPUSH', KEYS[2], unpack(ids))
redis.call('ZREM', KEYS[1], unpack(ids))
redis.call('PUBLISH', ARGV[2], '1')
return #ids
