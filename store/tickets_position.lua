-- ARGV[3] ticket
-- Returns {position from 1, estimated wait in ms, -1 when unknown}, or {0, -1} when there is no such ticket.
local id = ARGV[3]
local t = site.ticket(id)
if not t or t.ended ~= '' then return {0, -1} end
local name = t.queue
local position = site.up_to(name, t.place .. '|' .. id)
local staff = site.count('s', name)
local hour, q = math.floor(site.now / 3600000), site.queue(name)
local function counter(h, what) return h .. '|' .. name .. '|' .. what end
local sums = redis.call('HMGET', site.TALLY, counter(hour, 'talked'), counter(hour, 'talks'),
  counter(hour - 1, 'talked'), counter(hour - 1, 'talks'))
local talks = (sums[2] or 0) + (sums[4] or 0)
if talks == 0 or staff == 0 then return {position, -1} end
local turn = ((sums[1] or 0) + (sums[3] or 0)) / talks + (q and q.wrap or 0)
return {position, math.floor(position * turn / staff)}
