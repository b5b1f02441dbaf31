-- A stub of REAPER, not REAPER: the calls that the script uses, with their arguments checked, over a project
-- that a test describes. Any other call is an error. What REAPER would have done is printed.
--   lua5.4 stub.lua SCRIPT PROJECT
local script, project_file = arg[1], arg[2]
local project = dofile(project_file)

local function check(name, want, ...)
  local given = table.pack(...)
  assert(given.n == #want, name .. ": " .. given.n .. " arguments instead of " .. #want)
  for at, kind in ipairs(want) do
    local value = given[at]
    local is = math.type(value) or type(value)
    local fits = is == kind or (kind == "float" and is == "integer")
    assert(fits, name .. ": argument " .. at .. " is " .. is .. " instead of " .. kind)
  end
end

local calls = {}
local function call(name, want, answer)
  calls[name] = function(...)
    check(name, want, ...)
    return answer(...)
  end
end

local item, take, source = project.item, { is = "take" }, { is = "source" }
local function told(...)
  print(table.concat({ ... }, "\t"))
end

call("GetSelectedMediaItem", { "integer", "integer" }, function()
  return item
end)
call("GetActiveTake", { "table" }, function()
  return take
end)
call("TakeIsMIDI", { "table" }, function()
  return item.notes ~= nil
end)
call("GetMediaItemInfo_Value", { "table", "string" }, function(_, name)
  return assert(({ D_POSITION = item.position, D_LENGTH = item.length })[name], name)
end)
call("GetMediaItemTakeInfo_Value", { "table", "string" }, function(_, name)
  return assert(({ D_PLAYRATE = item.rate, D_STARTOFFS = item.offset })[name], name)
end)
call("GetSet_LoopTimeRange", { "boolean", "boolean", "integer", "integer", "boolean" }, function(sets)
  assert(not sets, "it must only look")
  return project.from or 0.0, project.to or 0.0
end)
call("TimeMap_GetDividedBpmAtTime", { "float" }, function()
  return project.bpm
end)
call("TimeMap2_timeToQN", { "integer", "float" }, function(_, seconds)
  return seconds * project.bpm / 60
end)
call("MIDI_CountEvts", { "table" }, function()
  return true, #item.notes, #item.controls, 0
end)
call("MIDI_GetNote", { "table", "integer" }, function(_, at)
  local note = item.notes[at + 1] -- counted from 0
  return true, false, note.muted or false, note[1] * 960.0, note[2] * 960.0, note[3], note[4], note[5]
end)
call("MIDI_GetCC", { "table", "integer" }, function(_, at)
  local one = item.controls[at + 1]
  return true, false, false, one[1] * 960.0, 0xB0, one[2], one[3], one[4]
end)
call("MIDI_GetProjQNFromPPQPos", { "table", "float" }, function(_, position)
  return item.position * project.bpm / 60 + position / 960
end)
call("GetMediaItemTake_Source", { "table" }, function()
  return source
end)
call("GetMediaSourceParent", { "table" }, function()
  return nil
end)
call("GetMediaSourceFileName", { "table" }, function()
  return item.file
end)
call("ExecProcess", { "string", "integer" }, function(line)
  told("exec", line)
  local path = line:match('"%-%-file" "([^"]*)"')
  local file = assert(io.open(path, "rb"))
  local kept = assert(io.open(project.kept, "wb"))
  kept:write(file:read("a"))
  kept:close()
  file:close()
  local pipe = io.popen(line)
  local output = pipe:read("a")
  local _, _, code = pipe:close()
  return (code or 0) .. "\n" .. output
end)
call("GetMousePosition", {}, function()
  return 10, 20
end)
call("ShowMessageBox", { "string", "string", "integer" }, function(text)
  told("say", (text:gsub("\n", " ")))
  return 1
end)
call("Undo_BeginBlock", {}, function()
  told("begin")
end)
call("Undo_EndBlock", { "string", "integer" }, function()
  told("end")
end)
call("InsertMedia", { "string", "integer" }, function(path, mode)
  told("insert", path, mode)
  return 1
end)

local function strict(name, known)
  return setmetatable({}, {
    __index = function(_, key)
      return known[key] or error(name .. "." .. key .. " is not in the stub", 2)
    end,
  })
end

reaper = strict("reaper", calls)
gfx = {
  mouse_x = 10,
  mouse_y = 20,
  init = function(...)
    check("gfx.init", { "string", "integer", "integer", "integer", "integer", "integer" }, ...)
  end,
  showmenu = function(text)
    for line in text:gmatch("[^|]+") do
      told("menu", line)
    end
    return project.chosen
  end,
  quit = function()
    told("quit")
  end,
}
assert(loadfile(script))()
