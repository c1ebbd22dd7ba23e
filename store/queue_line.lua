-- What the scripts on a site's queues share, fourth part: the line of a queue. In line
-- are those who stand in its lanes, those aside, and those for whom an agent rings: no
-- more of these than there are agents. Nobody needs them together to serve a caller.

-- lanes_in are the lanes of a queue in which somebody waits.
function site.lanes_in(name)
  local lanes, from, to = {}, site.span('w', name)
  while true do
    local entry = redis.call('ZRANGEBYLEX', site.SETS.w, from, to, 'LIMIT', 0, 1)[1]
    if not entry then return lanes end
    lanes[#lanes + 1] = string.match(entry, '^[^|]*|[^|]*|[^|]*')
    from = '(' .. lanes[#lanes] .. '}'
  end
end

-- in_line are those who wait, as up to count rests in order; those behind after, if given.
function site.in_line(name, count, after)
  local rests = site.list('l', name, count, after)
  for _, lane in ipairs(site.lanes_in(name)) do
    for _, rest in ipairs(site.list('w', lane, count, after)) do rests[#rests + 1] = rest end
  end
  table.sort(rests)
  for i = #rests, count + 1, -1 do rests[i] = nil end
  return rests
end

-- waiting is how many wait.
function site.waiting(name) return site.count('w', name) + site.count('l', name) end

-- ringing are those for whom an agent rings, as rests in no order.
function site.ringing(name)
  site.write_times()
  local rests = {}
  for _, ring in ipairs(redis.call('ZRANGE', site.RINGS, 0, -1)) do
    local o = site.offer(string.match(ring, '[^|]*$'))
    if o and o.queue == name then rests[#rests + 1] = o.place .. '|' .. o.ticket end
  end
  return rests
end

-- full tells whether as many are in line as there may be.
function site.full(name, most)
  local waiting = site.waiting(name)
  site.write_times()
  if waiting + redis.call('ZCARD', site.RINGS) < most then return false end -- whichever queue they ring for
  return waiting + #site.ringing(name) >= most
end

-- up_to is how many are in line up to a rest.
function site.up_to(name, rest)
  local count = redis.call('ZLEXCOUNT', site.SETS.l, (site.span('l', name)), '[' .. name .. '|' .. rest)
  for _, lane in ipairs(site.lanes_in(name)) do
    count = count + redis.call('ZLEXCOUNT', site.SETS.w, '[' .. lane .. '|', '[' .. lane .. '|' .. rest)
  end
  for _, other in ipairs(site.ringing(name)) do
    if other <= rest then count = count + 1 end
  end
  return count
end
