-- Stores answers, and tells whoever waits: one round trip a batch.
--
-- KEYS  the records
-- ARGV  1 ttl_seconds  2 channel  3 announcement, then nine a record: state, fingerprint, client,
--       operation, attempts, submitted, status, body, finished
for i, record in ipairs(KEYS) do
  local a = 3 + (i - 1) * 9
  redis.call('HSET', record, 'state', ARGV[a + 1], 'fingerprint', ARGV[a + 2], 'client', ARGV[a + 3],
    'operation', ARGV[a + 4], 'attempts', ARGV[a + 5], 'submitted', ARGV[a + 6],
    'status', ARGV[a + 7], 'body', ARGV[a + 8], 'finished', ARGV[a + 9])
  redis.call('HDEL', record, 'cause')
  redis.call('EXPIRE', record, ARGV[1])
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
