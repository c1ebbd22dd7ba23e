-- ARGV[3] ticket  ARGV[4] owner
-- Returns {ticket as stored, its offer as stored or ""}, or {"", ""} when there is no such ticket.
local id, owner = ARGV[3], ARGV[4]
told = id
local t = ticket(id)
if not t or t.ended ~= '' then return {'', ''} end
redis.call('ZADD', DUE, 'NX', now + LEASE, 'h|' .. owner)
adopt(id, t, owner)
return {write_ticket(t), offer_text(t)}
