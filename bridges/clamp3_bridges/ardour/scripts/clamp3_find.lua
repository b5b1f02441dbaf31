-- @MARK@
ardour {
  ["type"] = "EditorAction",
  name = "CLaMP 3: find what is like this",
  license = "MIT",
  author = "clamp3-plugin",
  description = [[Finds music in the library of clamp3 that is like the selected region, or like the selected range of the selected track, and shows it.]],
}

function factory() return function()
-- all of it is in here, because Ardour keeps nothing else of a script
@COMMON@

  local function say(text, kind)
    LuaDialog.Message("CLaMP 3", text, kind or LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run()
  end

  local function bpm_at(position)
    local map = Temporal.TempoMap.read()
    local bpm = map:quarters_per_minute_at(position)
    map = nil
    collectgarbage() -- Ardour waits for whoever holds a tempo map
    return bpm
  end

  -- Each gives a path, where it begins and ends, its tempo, and whether it is ours to remove.
  local function of_midi_region(region)
    local path = take_name()
    if not region:to_midiregion():do_export(path) then
      return nil, "The region could not be exported."
    end
    return path, nil, nil, bpm_at(region:position()), true
  end

  local function of_audio_region(region)
    local rate = Session:nominal_sample_rate()
    local from = region:start():samples() / rate
    local source = region:source(0):to_filesource()
    return source:path(), from, from + region:length():samples() / rate
  end

  local function number(beats) -- Ardour tells them as "beats:ticks", and in no other way
    local whole, ticks = beats:str():match("(%-?%d+):(%-?%d+)")
    return tonumber(whole) + tonumber(ticks) / Temporal.ticks_per_beat
  end

  local function of_midi_range(track, first, last)
    local map = Temporal.TempoMap.read()
    local from, to = number(map:quarters_at(first)), number(map:quarters_at(last))
    local notes = {}
    for region in track:playlist():region_list():iter() do
      local midi = region:to_midiregion()
      if not midi:isnil() and not region:muted() then
        local opens = number(region:start():beats())
        local closes = opens + number(region:length():beats())
        local shift = number(map:quarters_at(region:position())) - opens
        for note in ARDOUR.LuaAPI.note_list(midi:midi_source(0):model()):iter() do
          local at = number(note:time())
          local start = at + shift
          if start >= from and start < to and at >= opens and at < closes then
            notes[#notes + 1] = {
              start = start - from, length = number(note:length()),
              pitch = note:note(), velocity = note:velocity(), channel = note:channel(),
            }
          end
        end
      end
    end
    map = nil
    collectgarbage()
    if #notes == 0 then
      return nil, "There are no notes in the range."
    end
    local path, bpm = take_name(), bpm_at(first)
    write_file(path, midi_file(notes, {}, bpm))
    return path, nil, nil, bpm, true
  end

  local function of_audio_range(track, first, last)
    local work = ARDOUR.InterThreadInfo()
    local region = track:bounce_range(first:samples(), last:samples(), work, track:main_outs(), false, "clamp3-bounce")
    if region:isnil() then
      return nil, "The range could not be bounced."
    end
    return region:source(0):to_filesource():path()
  end

  local function of_selection()
    local selected = Editor:get_selection()
    for region in selected.regions:regionlist():iter() do
      if not region:to_midiregion():isnil() then
        return of_midi_region(region)
      elseif not region:to_audioregion():isnil() then
        return of_audio_region(region)
      end
    end
    local first, last = selected.time:start_time(), selected.time:end_time()
    if first < last then
      for route in selected.tracks:routelist():iter() do
        local track = route:to_track()
        if not track:isnil() then
          local of_range = track:to_midi_track():isnil() and of_audio_range or of_midi_range
          return of_range(track, first, last)
        end
      end
    end
    return nil, "Select a region, or a range of a track."
  end

  local path, from, to, bpm, ours = of_selection()
  if not path then
    say(from, LuaDialog.MessageType.Warning)
    return
  end
  local pipe = io.popen(shell_line(question(path, from, to, bpm)))
  local hits, said = read_answer(pipe:read("a"))
  pipe:close()
  if ours then
    os.remove(path)
  end
  if #hits == 0 then
    say(said ~= "" and said or "clamp3 did not answer.", LuaDialog.MessageType.Warning)
  else
    say("Most like this:\n\n" .. lines_of(hits))
  end
end end
