-- Lets go of tasks whose jobs are decided and wait for an effect: their records say so from now on,
-- by the letter r, in the log of Redis too. One that has its answer already keeps it: the effect
-- may have been faster.
--
-- A task is removed only if the worker still holds it and its record is of the same admission, as
-- in finish.lua. The record may expire before the answer is published: the command log has the job.
--
-- KEYS  1 attempts  2 in flight  3 task data  4… the records
-- ARGV  1 prefix of task meta  2 ttl_seconds, then three a job: job, when it was admitted (us),
--       record
local jobs = {}
for i = 1, #KEYS - 3 do jobs[i] = ARGV[3 * i] end
local held = redis.call('SMISMEMBER', KEYS[2], unpack(jobs))
local removed, meta = {}, {}
-- A write that needs no memory comes first: after it a full Redis refuses none.
redis.call('HDEL', KEYS[1], unpack(jobs))
for i, job in ipairs(jobs) do
  local before = redis.call('GET', KEYS[3 + i])
  local admitted = before and string.match(before, '^%d+ %a[%w_]* (%d+)', 34)
  local state = before and string.sub(before, 1, 1)
  if state ~= 's' and state ~= 'f' then
    redis.call('SET', KEYS[3 + i], ARGV[3 * i + 2], 'EX', ARGV[2])
  end
  if held[i] == 1 and (not before or admitted == ARGV[3 * i + 1]) then
    removed[#removed + 1] = job
    meta[#meta + 1] = ARGV[1] .. ':' .. job
  end
end
if #removed > 0 then
  redis.call('HDEL', KEYS[3], unpack(removed))
  redis.call('UNLINK', unpack(meta))
end
-- What is held is let go of last: if the script fails before, the worker repeats all of it.
redis.call('SREM', KEYS[2], unpack(jobs))
