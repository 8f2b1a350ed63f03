-- Marks a job as given up, and tells whoever waits. Its record stays until it is queued again.
--
-- KEYS  1 record  2 progress
-- ARGV  1 job  2 its record  3 channel  4 announcement
local state = redis.call('GETRANGE', KEYS[1], 0, 0)
if state == '' or state == 's' or state == 'f' then return 0 end
-- A job that was buried before, and begun again because its worker died over it, keeps its cause.
if state ~= 'd' then redis.call('SET', KEYS[1], ARGV[2]) end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
