-- ARGV[3] agent  ARGV[4] status wanted  ARGV[5] reason
-- Returns 1, or 0 when there is no such agent.
local id, wanted = ARGV[3], ARGV[4]
local m = site.member(id)
if not m then return 0 end
local a = site.known_agent(id)
site.not_idle(id, a)
if wanted ~= a.wanted or a.blocked == '1' then
  if wanted == 'available' then -- who says so himself is not kept waiting
    if a.why == 'delayed' then a.free = '0' end
    a.streak, a.blocked = '0', '0'
  end
  if a.wanted == 'logged-out' and a.last == '' then a.score = site.time end
  if a.offer == '' then a.since = site.time end
end
a.wanted, a.reason = wanted, ARGV[5]
redis.call('HSET', site.WANTED, id, wanted .. '\31' .. ARGV[5])
site.enrol(id, m, a)
site.ready(id, a)
return 1
