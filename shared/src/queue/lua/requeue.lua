-- Queues a dead job again, as a retry of its client would. Returns 1 if it did.
--
-- KEYS  1 record  2 task meta  3 active  4 dead
-- ARGV  1 job  2 wake channel
if redis.call('SREM', KEYS[4], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'state', 'queued', 'attempts', 0)
redis.call('HDEL', KEYS[1], 'status', 'body', 'finished', 'cause')
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'attempts', 0, 'max_attempts', 25, 'status', 'Pending')
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
