-- ARGV[3] queue  ARGV[4…] counters wanted, as hour|queue|name
-- Returns {1, tickets, ms the first of them has waited, {state, agents in it, …}, {counter, …}}, or {0}
-- when there is no such queue.
local name = ARGV[3]
if not site.queue(name) then return {0} end
local waited, first, ringing = 0, site.in_line(name, 1)[1], site.ringing(name)
for _, rest in ipairs(ringing) do
  if not first or rest < first then first = rest end
end
if first then
  local _, joined = site.call_of(site.ticket(site.id_of(first)))
  waited = site.now - math.floor(joined / 1000)
end

local count, states = {}, {}
for _, id in ipairs(site.list('s', name, -1)) do
  local what = site.state(site.known_agent(id))
  count[what] = (count[what] or 0) + 1
end
for what, n in pairs(count) do
  states[#states + 1] = what
  states[#states + 1] = n
end

local counters = {}
if #ARGV > 3 then
  for i, n in ipairs(redis.call('HMGET', site.TALLY, unpack(ARGV, 4))) do counters[i] = tonumber(n or 0) end
end
return {1, site.waiting(name) + #ringing, waited, states, counters}
