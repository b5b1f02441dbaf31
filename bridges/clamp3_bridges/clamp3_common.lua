-- What the scripts for Ardour and REAPER share; clamp3 bridge install puts it into each of them, because
-- Ardour's Lua has no require. It stands inside a function, and knows nothing of its host.

local CLAMP3 = @COMMAND@ -- the program and its first words
local FOLDER = @FOLDER@ -- of this user alone; takes lie here while they are asked with
local WINDOWS = @WINDOWS@
local DIVISION = 480 -- ticks of a quarter note
local GRID = 40 -- ticks that times are rounded to, as daw_midi.py does

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function after_blanks(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function character(high, low)
  local code = tonumber(high, 16)
  if low then
    code = 0x10000 + (code - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00
  end
  if code >= 0xD800 and code <= 0xDFFF then
    return "?" -- a byte of a path that is no text
  end
  return utf8.char(code)
end

local function json_string(text, at)
  local parts = {}
  while true do
    local plain, mark, after = text:match('^([^"\\]*)(["\\])()', at)
    assert(plain, "a string does not end")
    parts[#parts + 1] = plain
    if mark == '"' then
      return table.concat(parts), after
    end
    local high, low, beyond = text:match("^u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)()", after)
    if not high then
      high, beyond = text:match("^u(%x%x%x%x)()", after)
    end
    if high then
      parts[#parts + 1], at = character(high, low), beyond
    else
      local escaped = text:sub(after, after)
      parts[#parts + 1], at = ESCAPES[escaped] or escaped, after + 1
    end
  end
end

-- Reads a value of JSON; gives it and where it ends. null becomes false, so that tables may hold it.
local function json_value(text, at)
  at = after_blanks(text, at)
  local first = text:sub(at, at)
  if first == '"' then
    return json_string(text, at + 1)
  elseif first == "{" or first == "[" then
    local found, closing = {}, first == "{" and "}" or "]"
    at = after_blanks(text, at + 1)
    if text:sub(at, at) == closing then
      return found, at + 1
    end
    while true do
      local key = #found + 1
      if first == "{" then
        key, at = json_string(text, text:match('^"()', after_blanks(text, at)))
        at = text:match("^:()", after_blanks(text, at))
      end
      found[key], at = json_value(text, at)
      at = after_blanks(text, at)
      local mark = text:sub(at, at)
      assert(mark == "," or mark == closing, "a list does not end")
      at = at + 1
      if mark == closing then
        return found, at
      end
    end
  end
  for word, value in pairs({ ["true"] = true, ["false"] = false, ["null"] = false }) do
    if text:sub(at, at + #word - 1) == word then
      return value, at + #word
    end
  end
  local number, after = text:match("^(%-?%d[%d.eE+-]*)()", at)
  return assert(tonumber(number), "no value"), after
end

-- Gives the hits that clamp3 find --json wrote, and what else it said.
local function read_answer(output)
  local hits, said = {}, {}
  for line in output:gmatch("[^\r\n]+") do
    if line:sub(1, 1) == "{" then
      hits[#hits + 1] = json_value(line, 1)
    else
      said[#said + 1] = line
    end
  end
  return hits, table.concat(said, "\n")
end

local function clock(seconds)
  return string.format("%d:%02d", seconds // 60, math.floor(seconds % 60))
end

local function place_of(passage)
  if not passage then
    return ""
  elseif passage.first_bar then
    return string.format(", bars %d-%d", passage.first_bar, passage.last_bar)
  elseif passage.start then
    return ", " .. clock(passage.start) .. "-" .. (passage["end"] and clock(passage["end"]) or "")
  end
  return ""
end

-- Writes a hit in one line.
local function line_of(hit)
  local piece = hit.piece
  local title = piece.title ~= "" and piece.title or piece.path:match("[^/\\]*$")
  local composer = piece.composer ~= "" and " - " .. piece.composer or ""
  return string.format("%d. %s%s%s (%.3f)", hit.rank, title, composer, place_of(hit.passage), hit.score)
end

local function lines_of(hits)
  local lines = {}
  for _, hit in ipairs(hits) do
    lines[#lines + 1] = line_of(hit)
  end
  return table.concat(lines, "\n")
end

-- Gives the words of the question: a file, or the part of it from a second on, at a tempo.
local function question(path, from, to, bpm)
  local words = { table.unpack(CLAMP3) }
  for _, word in ipairs({ "find", "--json", "-n", "10", "--file", path }) do
    words[#words + 1] = word
  end
  if from then
    words[#words + 1] = "--time"
    words[#words + 1] = string.format("%.3f-%.3f", from, to)
  end
  if bpm then
    words[#words + 1] = "--bpm"
    words[#words + 1] = string.format("%.3f", bpm)
  end
  return words
end

-- Writes words as a line for the shell, its errors among its output.
local function shell_line(words)
  local parts = {}
  for at, word in ipairs(words) do
    parts[at] = WINDOWS and '"' .. word:gsub('"', "") .. '"' or "'" .. word:gsub("'", "'\\''") .. "'"
  end
  local line = table.concat(parts, " ") .. " 2>&1"
  return WINDOWS and '"' .. line .. '"' or line
end

local function take_name()
  return string.format("%s%sclamp3-take-%d-%d.mid", FOLDER, WINDOWS and "\\" or "/", os.time(), math.random(1e9))
end

local function variable_length(number)
  local groups = string.char(number & 0x7F)
  number = number >> 7
  while number > 0 do
    groups, number = string.char(number & 0x7F | 0x80) .. groups, number >> 7
  end
  return groups
end

-- Writes a MIDI file that begins with its first note. A note has start and length in quarter notes, pitch,
-- velocity, channel (from 0); a pedal has start, value, channel.
local function midi_file(notes, pedals, bpm)
  local events, first = {}, math.huge
  for _, note in ipairs(notes) do
    first = math.min(first, note.start)
  end
  local function add(quarters, order, ...)
    local tick = math.max(0, GRID * math.floor((quarters - first) * DIVISION / GRID + 0.5))
    events[#events + 1] = { tick = tick, order = order, number = #events, bytes = string.char(...) }
  end
  for _, note in ipairs(notes) do
    local length = math.max(note.length, GRID / DIVISION)
    add(note.start, 2, 0x90 | note.channel, note.pitch, note.velocity)
    add(note.start + length, 0, 0x80 | note.channel, note.pitch, 0)
  end
  for _, pedal in ipairs(pedals) do
    add(pedal.start, 1, 0xB0 | pedal.channel, 64, pedal.value)
  end
  table.sort(events, function(a, b)
    if a.tick ~= b.tick then
      return a.tick < b.tick
    elseif a.order ~= b.order then
      return a.order < b.order
    end
    return a.number < b.number
  end)
  local tempo = math.min(0xFFFFFF, math.floor(60000000 / bpm + 0.5))
  local parts, now = { "\0\xFF\x51\x03" .. string.pack(">I3", tempo) }, 0
  for _, event in ipairs(events) do
    parts[#parts + 1] = variable_length(event.tick - now) .. event.bytes
    now = event.tick
  end
  parts[#parts + 1] = "\0\xFF\x2F\0"
  local track = table.concat(parts)
  return "MThd" .. string.pack(">I4I2I2I2", 6, 0, 1, DIVISION) .. "MTrk" .. string.pack(">I4", #track) .. track
end

local function write_file(path, content)
  local file = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
end
