-- Drops a dead job. Its record stays for a while, so that its client still sees how it ended; a
-- retry of its client is admitted as a new job.
--
-- KEYS  1 record  2 task meta  3 task data  4 dead
-- ARGV  1 job  2 ttl_seconds
-- Returns 1 if it was dead.
if redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HDEL', KEYS[3], ARGV[1])
-- A job that was decided after all keeps its answer.
if redis.call('GETRANGE', KEYS[1], 0, 0) == 'd' then
  redis.call('SETRANGE', KEYS[1], 0, 'x')
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
-- Last: if the script fails before, the operator repeats all of it.
redis.call('SREM', KEYS[4], ARGV[1])
return 1
