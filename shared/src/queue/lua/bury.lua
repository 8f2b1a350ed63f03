-- Marks a job as given up, and tells whoever waits. Its record stays until it is queued again.
--
-- KEYS  1 record
-- ARGV  1 status  2 body  3 finished  4 cause  5 channel  6 announcement
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'succeeded' or state == 'failed' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'dead')
-- A job that was buried before, and begun again because its worker died over it, keeps its cause.
if redis.call('HSETNX', KEYS[1], 'cause', ARGV[4]) == 1 then
  redis.call('HSET', KEYS[1], 'status', ARGV[1], 'body', ARGV[2], 'finished', ARGV[3])
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
