-- Notes that jobs are begun, or handed back: two commands for all of them. Readers show it as long
-- as the record of the job says that it is queued.
--
-- It is not written to Redis's log, which would cost every batch another wait for the disk. After a
-- crash of Redis an unfinished job counts as queued until it is begun again, with as many attempts
-- as had failed before.
--
-- KEYS  1 attempts (named progress in Redis)
-- ARGV  1 'begin' or 'hand back'  2 round, which identifies a beginning: noted again it counts
--       once, and only the last one is taken back  3… the jobs
-- Returns the number of attempts of each.
local noted = redis.call('HMGET', KEYS[1], unpack(ARGV, 3))
local counted, written = {}, {}
for i, line in ipairs(noted) do
  local attempts, last = 0, ''
  if line then attempts, last = string.match(line, '^%a (%d+) (.*)$') end
  local state, round = 'r', ARGV[2]
  if ARGV[1] == 'begin' then
    if last ~= round then attempts = attempts + 1 end
  else
    if last == round then attempts = attempts - 1 end
    state, round = 'q', ''
  end
  counted[i] = tonumber(attempts)
  written[2 * i - 1] = ARGV[2 + i]
  written[2 * i] = state .. ' ' .. attempts .. ' ' .. round
end
redis.set_repl(redis.REPL_NONE)
-- A write that needs no memory comes first: after it a full Redis refuses none.
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], unpack(written))
return counted
