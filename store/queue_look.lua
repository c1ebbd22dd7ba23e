-- Renews the lease of an instance, and tells it what it may have missed.
-- ARGV[3] owner  ARGV[4] number of tickets among the rest
-- ARGV[5…] tickets, then talks it believes to have
-- Returns {1 when the lease had lapsed, the run of Redis, {offer as stored, …},
-- {ticket that is gone or was parked, …}, {talk that is gone or another's, …}}.
local owner, tickets = ARGV[3], tonumber(ARGV[4])
paused()
local lapsed = redis.call('ZADD', DUE, now + LEASE, 'h|' .. owner)

local offers = {}
local from, to = '[' .. owner .. '|o|', '(' .. owner .. '|o}'
for i, entry in ipairs(redis.call('ZRANGEBYLEX', OWNED, from, to, 'LIMIT', 0, 10 * SLICE)) do
  local id = string.match(entry, '|o|([^|]*)$')
  offers[i] = id .. '\31' .. write_offer(offer(id))
end

local missing, strange = {}, {}
for i = 5, #ARGV do
  local id = ARGV[i]
  if i < 5 + tickets then
    local t = ticket(id)
    if not t or t.owner == '' or t.ended ~= '' then missing[#missing + 1] = id end
  else
    local o = offer(id)
    if not o or o.owner ~= owner then strange[#strange + 1] = id end
  end
end
return {lapsed, redis.call('HGET', TALLY, 'run'), offers, missing, strange}
