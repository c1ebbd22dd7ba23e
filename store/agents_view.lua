-- ARGV[3…] agents
-- Returns for each: {state, since in ms, wanted, reason, free in ms, offer, call, queue, number, name},
-- or {} when there is no such agent.
local views = {}
for i = 3, #ARGV do
  local id, view = ARGV[i], {}
  if member(id) then
    local a = known_agent(id)
    local what, since = state(a)
    local o = a.offer ~= '' and offer(a.offer) or {call = '', queue = '', number = '', name = ''}
    view = {what, since, a.wanted, a.reason, a.free > now and a.free or 0, a.offer, o.call, o.queue, o.number, o.name}
  end
  views[#views + 1] = view
end
return views
