-- ARGV[3] ticket  ARGV[4] why, as counted
-- Returns 1, or 0 when there was no such ticket.
local id = ARGV[3]
local t = site.ticket(id)
if not t or t.ended ~= '' then return 0 end
site.tally(t.queue, ARGV[4])
site.leave(id, t, 'left')
return 1
