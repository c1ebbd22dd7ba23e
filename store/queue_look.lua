-- Renews the lease of an instance, and tells it what it may have missed.
-- ARGV[3] owner  ARGV[4] number of tickets among the rest
-- ARGV[5…] tickets, then talks it believes to have
-- Returns {1 when the lease had lapsed, the run of Redis, {offer as stored, …},
-- {ticket that is gone or was parked, …}, {talk that is gone or another's, …}}.
local owner, tickets = ARGV[3], tonumber(ARGV[4])
site.paused()
local lapsed = redis.call('ZADD', site.DUE, site.now + site.LEASE, 'h|' .. owner)

local offers = {}
-- No more telephones ring than there are agents.
for _, ring in ipairs(redis.call('ZRANGE', site.RINGS, 0, -1)) do
  local whose, id = string.match(ring, '^(.*)|(.*)$')
  if whose == owner then offers[#offers + 1] = id .. '\31' .. site.write_offer(site.offer(id)) end
end

for i = 5, #ARGV, 1000 do
  local names = {}
  for n = i, math.min(i + 999, #ARGV) do names[#names + 1] = (n < 5 + tickets and 't|' or 'o|') .. ARGV[n] end
  site.fetch(site.LIVE, names, site.seen)
end
local missing, strange = {}, {}
for i = 5, #ARGV do
  local id = ARGV[i]
  if i < 5 + tickets then
    local t = site.ticket(id)
    if not t or t.owner == '' or t.ended ~= '' then missing[#missing + 1] = id end
  else
    local o = site.offer(id)
    if not o or o.owner ~= owner then strange[#strange + 1] = id end
  end
end
return {lapsed, redis.call('HGET', site.TALLY, 'run'), offers, missing, strange}
