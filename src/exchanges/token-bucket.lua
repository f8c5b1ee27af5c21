-- The shared token bucket: grants, blocks and epochs of one exchange; bucket-model.ts is the same in TypeScript.
-- KEYS: state, epochs, blocks, then per bucket its log or time and its emergency log. All share one hash tag.
-- ARGV[1]: take | block | epoch
local state, epochs, blocks = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local function whole(number)
  return string.format('%.0f', number)
end

-- ARGV: epoch, bot, epoch. It only rises.
if ARGV[1] == 'epoch' then
  local known = tonumber(redis.call('HGET', epochs, ARGV[2]))
  if not known or known < tonumber(ARGV[3]) then redis.call('HSET', epochs, ARGV[2], ARGV[3]) end
  return 0
end

-- ARGV: block, microseconds, bucket names. A later end wins; a new block needs a new probe.
if ARGV[1] == 'block' then
  for index = 3, #ARGV do
    local known = tonumber(redis.call('HGET', blocks, ARGV[index])) or 0
    redis.call('HSET', blocks, ARGV[index], whole(math.max(known, now + tonumber(ARGV[2]))), ARGV[index] .. ':probe', '0')
  end
  return 0
end

-- ARGV: take, bot, epoch, expect state 0|1, known generation or '', horizon, probe, step back, number of buckets, then per
-- bucket: name, kind, window, capacity, interval, tolerance, largest tolerance, emergency, cost. All times in microseconds.
local epoch, mirrored = tonumber(ARGV[3]), tonumber(redis.call('HGET', epochs, ARGV[2]))
if not mirrored or mirrored < epoch then return { 'epochMissing', '0', '0', whole(now), '0' } end
if mirrored > epoch then return { 'staleEpoch', '0', '0', whole(now), '0' } end

local horizon, probe = tonumber(ARGV[6]), tonumber(ARGV[7])
local buckets, longest = {}, 0
for index = 1, tonumber(ARGV[9]) do
  local from = 9 + (index - 1) * 9
  local bucket = {
    name = ARGV[from + 1], kind = ARGV[from + 2], window = tonumber(ARGV[from + 3]), capacity = tonumber(ARGV[from + 4]),
    interval = tonumber(ARGV[from + 5]), tolerance = tonumber(ARGV[from + 6]), largest = tonumber(ARGV[from + 7]),
    emergency = tonumber(ARGV[from + 8]), cost = tonumber(ARGV[from + 9]), key = KEYS[2 + 2 * index], emergencyKey = KEYS[3 + 2 * index],
  }
  longest = math.max(longest, bucket.window)
  buckets[index] = bucket
end

-- The clock never goes back; lost state is an empty bucket for one window.
local held = redis.call('HMGET', state, 'generation', 'lostAt', 'last', 'count', 'nonce')
local generation, lostAt, count = tonumber(held[1]), tonumber(held[2]) or 0, tonumber(held[4]) or 0
local redisNow = now
if not generation then
  generation = now
  lostAt = ARGV[4] == '1' and now or 0
else
  local last = tonumber(held[3]) or 0
  if now < last - tonumber(ARGV[8]) then lostAt = now else now = math.max(now, last) end
  local known = tonumber(ARGV[5])
  if known and known ~= generation and lostAt < generation and now - generation < longest then lostAt = now end
end
redis.call('HSET', state, 'generation', whole(generation), 'lostAt', whole(lostAt), 'last', whole(now), 'count', whole(count + 1))

local function logWait(key, capacity, window, cost)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now - window))
  redis.call('ZREMRANGEBYSCORE', key, '(' .. whole(now + horizon), '+inf')
  local entries, excess = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), cost - capacity
  for index = 1, #entries, 2 do excess = excess + tonumber(string.match(entries[index], ':(%d+)$')) end
  for index = 1, #entries, 2 do
    if excess <= 0 then return 0 end
    excess = excess - tonumber(string.match(entries[index], ':(%d+)$'))
    if excess <= 0 then return tonumber(entries[index + 1]) + window - now end
  end
  return 0
end

-- The theoretical time after this request; never further ahead than a full bucket (a clock may have stepped back).
local function advance(bucket)
  local from = math.max(tonumber(redis.call('GET', bucket.key)) or now, now)
  return math.min(from, now + bucket.largest + horizon) + bucket.interval * bucket.cost
end

local hard, soft, blocked = 0, 0, false
for _, bucket in ipairs(buckets) do
  local block = redis.call('HMGET', blocks, bucket.name, bucket.name .. ':probe')
  bucket.blockedUntil, bucket.probeUntil = tonumber(block[1]) or 0, tonumber(block[2]) or 0
  local lostFor = lostAt == 0 and 0 or lostAt + bucket.window - now
  if now < bucket.blockedUntil then
    hard, blocked = math.max(hard, bucket.blockedUntil - now), true
  elseif now < bucket.probeUntil then
    hard, blocked = math.max(hard, bucket.probeUntil - now), true
  elseif lostFor > 0 then
    if bucket.cost > bucket.emergency then
      hard = math.max(hard, lostFor)
    else
      soft = math.max(soft, logWait(bucket.emergencyKey, bucket.emergency, bucket.window, bucket.cost))
      bucket.isEmergency = true
    end
  elseif bucket.kind == 'log' then
    soft = math.max(soft, logWait(bucket.key, bucket.capacity, bucket.window, bucket.cost))
  else
    soft = math.max(soft, advance(bucket) - bucket.tolerance - now)
  end
end
if hard > 0 then
  return { blocked and 'blocked' or 'wait', whole(math.max(hard, soft)), whole(generation), whole(redisNow), '0' }
end
if soft > horizon then return { 'wait', whole(soft), whole(generation), whole(redisNow), '0' } end

for _, bucket in ipairs(buckets) do
  local lifetime = math.ceil((bucket.window + horizon) / 1000) + 1000
  if bucket.isEmergency or bucket.kind == 'log' then
    local key = bucket.isEmergency and bucket.emergencyKey or bucket.key
    redis.call('ZADD', key, whole(now + soft), whole(now) .. '-' .. whole(count + 1) .. ':' .. whole(bucket.cost))
    redis.call('PEXPIRE', key, lifetime)
  else
    redis.call('SET', bucket.key, whole(advance(bucket)), 'PX', lifetime)
  end
  -- The first grant after a block is the probe; when the probe's time is over, the block is forgotten.
  if bucket.blockedUntil > 0 then
    if bucket.probeUntil == 0 then
      redis.call('HSET', blocks, bucket.name .. ':probe', whole(now + probe))
    else
      redis.call('HDEL', blocks, bucket.name, bucket.name .. ':probe')
    end
  end
end
-- Nonces only grow, 1 ms apart, so that one in milliseconds is unique too.
local nonce = math.max(now, (tonumber(held[5]) or 0) + 1000)
redis.call('HSET', state, 'nonce', whole(nonce))
return { 'granted', whole(soft), whole(generation), whole(redisNow), whole(nonce) }
