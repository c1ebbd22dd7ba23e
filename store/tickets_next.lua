-- ARGV[3] ticket  ARGV[4] owner
-- Returns {ticket as stored, its offer as stored or ""}, or {"", ""} when there is no such ticket.
local id, owner = ARGV[3], ARGV[4]
site.told = id
local t = site.ticket(id)
if not t or t.ended ~= '' then return {'', ''} end
site.beat(owner)
site.adopt(id, t, owner)
return {site.write_ticket(t), site.offer_text(t)}
