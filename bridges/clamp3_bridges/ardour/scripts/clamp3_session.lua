-- @MARK@
-- Asks with every region of a session, without a window:
--   ardour7-lua clamp3_session.lua FOLDER SNAPSHOT [PART OF A REGION'S NAME]
-- FOLDER holds SNAPSHOT.ardour. Nothing in the session is changed.
@COMMON@

local folder, snapshot, wanted = arg[1], arg[2], arg[3] or ""

local function ask(region, path, from, to, bpm)
  local pipe = io.popen(shell_line(question(path, from, to, bpm)))
  local hits, said = read_answer(pipe:read("a"))
  pipe:close()
  print("== " .. region:name())
  print(#hits > 0 and lines_of(hits) or said)
end

local function ask_midi(region)
  local map = Temporal.TempoMap.read()
  local bpm = map:quarters_per_minute_at(region:position())
  map = nil
  collectgarbage() -- Ardour waits for whoever holds a tempo map
  local path = take_name()
  region:to_midiregion():do_export(path)
  ask(region, path, nil, nil, bpm)
  os.remove(path)
end

local function ask_audio(region)
  local rate = Session:nominal_sample_rate()
  local from = region:start():samples() / rate
  ask(region, region:source(0):to_filesource():path(), from, from + region:length():samples() / rate)
end

local backend = AudioEngine:set_backend("None (Dummy)", "", "")
backend:set_device_name("Silence")
assert(load_session(folder, snapshot), "The session could not be opened.")
for route in Session:get_routes():iter() do
  local track = route:to_track()
  if not track:isnil() then
    for region in track:playlist():region_list():iter() do
      if region:name():find(wanted, 1, true) then
        if not region:to_midiregion():isnil() then
          ask_midi(region)
        elseif not region:to_audioregion():isnil() then
          ask_audio(region)
        end
      end
    end
  end
end
close_session()
quit()
