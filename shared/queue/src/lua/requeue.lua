-- Queues a dead job again, as a retry of its client would. Returns 1 if it did.
--
-- KEYS  1 record  2 task meta  3 active  4 dead  5 attempts
-- ARGV  1 job  2 wake channel
if redis.call('SREM', KEYS[4], ARGV[1]) == 0 then return 0 end
local known = redis.call('GET', KEYS[1])
if known then
  -- What was asked for, and no answer: see record.rs.
  local admitted = string.match(known, '^%d+ %a[%w_]* %d+', 34)
  redis.call('SET', KEYS[1], 'q' .. string.sub(known, 2, 33) .. admitted .. ' 0 0 0\n')
end
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'attempts', 0, 'max_attempts', 25, 'status', 'Pending')
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
