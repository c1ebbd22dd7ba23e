-- ARGV[3…] agents
-- Returns for each: {state, since in ms, wanted, reason, free in ms, offer, call, queue, number, name},
-- or {} when there is no such agent.
local views = {}
for i = 3, #ARGV do
  local id, view = ARGV[i], {}
  if site.member(id) then
    local a = site.known_agent(id)
    local what, since = site.state(a)
    local o = a.offer ~= '' and site.offer(a.offer) or {queue = '', caller = '\31\31\31\31\31\31'}
    local call, _, _, _, _, number, name = site.of_caller(o)
    local free = site.number(a.free)
    view = {what, site.number(since), a.wanted, a.reason, free > site.now and free or 0, a.offer, call, o.queue, number, name}
  end
  views[#views + 1] = view
end
return views
