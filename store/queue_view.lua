-- ARGV[3] queue  ARGV[4…] counters wanted, as hour|queue|name
-- Returns {1, tickets, ms the first of them has waited, {state, agents in it, …}, {counter, …}}, or {0}
-- when there is no such queue.
local name = ARGV[3]
if not queue(name) then return {0} end
local from, to = '[' .. name .. '|', '(' .. name .. '}'
local waited, first = 0, redis.call('ZRANGEBYLEX', LINE, from, to, 'LIMIT', 0, 1)[1]
if first then waited = now - math.floor(ticket(id_of(id_of(first))).joined / 1000) end

local count, states = {}, {}
for _, entry in ipairs(redis.call('ZRANGEBYLEX', STAFF, from, to)) do
  local what = state(known_agent(id_of(entry)))
  count[what] = (count[what] or 0) + 1
end
for what, n in pairs(count) do
  states[#states + 1] = what
  states[#states + 1] = n
end

local counters = {}
if #ARGV > 3 then
  for i, n in ipairs(redis.call('HMGET', TALLY, unpack(ARGV, 4))) do counters[i] = tonumber(n or 0) end
end
return {1, redis.call('ZLEXCOUNT', LINE, from, to), waited, states, counters}
