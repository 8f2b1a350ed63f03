-- Stores answers, and tells whoever waits: one round trip a batch.
--
-- KEYS  1 progress  2… the records
-- ARGV  1 ttl_seconds  2 channel  3 announcement, then the records as they are to be, then the jobs
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i + 2], 'EX', ARGV[1])
end
redis.call('HDEL', KEYS[1], unpack(ARGV, #KEYS + 3))
redis.call('PUBLISH', ARGV[2], ARGV[3])
