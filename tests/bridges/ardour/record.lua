-- Makes a session without a window: plays a melody into a MIDI track, whose synthesiser an audio track listens
-- to, and records both; exports the notes, bounces the sound, and asks the bridge with all of it by Ardour's own OSC.
--   ardour7-lua record.lua FOLDER EXPORTS BRIDGE_PORT TOKEN REPLY_PORT PITCHES
io.stdout:setvbuf("no")
local folder, exports, port, token, reply_port, pitches = table.unpack(arg)

local backend = AudioEngine:set_backend("None (Dummy)", "Unit-Test", "")
backend:set_device_name("Silence")
assert(create_session(folder, "session", 48000), "no session")

local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local last, normal = ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal
local synth = ARDOUR.LuaAPI.new_plugin_info("https://community.ardour.org/node/7596", ARDOUR.PluginType.LV2)
local keys, tone
for track in Session:new_midi_track(one, one, false, synth, nil, nil, 1, "keys", last, normal, true):iter() do
  keys = track
end
for track in Session:new_audio_track(1, 2, nil, 1, "tone", last, normal, true):iter() do
  tone = track
end
assert(keys:input():connect(keys:input():midi(0), "Unit-Test:x-virtual-keyboard", nil) == 0)
tone:input():disconnect_all(nil)
assert(tone:input():connect(tone:input():audio(0), keys:output():audio(0):name(), nil) == 0)
local keyboard = AudioEngine:get_port_by_name("x-virtual-keyboard"):to_asyncmidiport()

local function play(...)
  local parser = ARDOUR.RawMidiParser()
  for _, byte in ipairs({ ... }) do
    if parser:process_byte(byte) then
      keyboard:write(parser:midi_buffer(), parser:buffer_size(), 0)
    end
  end
end

for _, track in ipairs({ keys, tone }) do
  track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
end
Session:maybe_enable_record(false)
Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
-- by the session's clock, which on a busy machine runs behind that of the wall
local function wait_until(second)
  for _ = 1, 60000 do
    if Session:transport_sample() >= second * 48000 then
      return
    end
    ARDOUR.LuaAPI.usleep(1000)
  end
  error("the transport does not roll")
end

local second = 0.25
for pitch in pitches:gmatch("%d+") do
  wait_until(second)
  play(0x90, tonumber(pitch), 90)
  wait_until(second + 0.23)
  play(0x80, tonumber(pitch), 64)
  second = second + 0.25
end
wait_until(second)
Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
ARDOUR.LuaAPI.usleep(1000000)
Session:disable_record(false, false)
for _, track in ipairs({ keys, tone }) do
  track:rec_enable_control():set_value(0, PBD.GroupControlDisposition.NoGroup)
end

local bridge = ARDOUR.LuaOSC.Address("osc.udp://127.0.0.1:" .. port)
local function ask(id, path)
  bridge:send("/clamp3/find/file", "sssffiif", token, id, path, 0, 0, 6, tonumber(reply_port), 120)
end

for region in keys:playlist():region_list():iter() do
  local take = exports .. "/take 1.mid"
  assert(region:to_midiregion():do_export(take), "no export")
  ask("midi", take)
end
for region in tone:playlist():region_list():iter() do
  local recorded = region:source(0):to_filesource():path()
  print("recorded " .. recorded)
  ask("audio", recorded)
  local work = ARDOUR.InterThreadInfo()
  local bounced = tone:bounce_range(0, math.floor(second * 48000), work, tone:main_outs(), false, "bounced")
  print("bounced " .. bounced:source(0):to_filesource():path())
  ask("bounce", bounced:source(0):to_filesource():path())
end
Session:save_state("")
close_session()
quit()
