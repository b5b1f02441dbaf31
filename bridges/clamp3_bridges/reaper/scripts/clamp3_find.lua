-- @MARK@
-- CLaMP 3: finds music in the library of clamp3 that is like the selected item, or like the part of it
-- within the time selection, lists it, and puts the one that is chosen on a new track.

local function main()
@COMMON@

  local TITLE = "CLaMP 3"
  local WAIT_MS = 120000 -- the first question may start the daemon
  local PLAYABLE = { aif = true, aiff = true, flac = true, mid = true, midi = true, mp3 = true, ogg = true, opus = true, wav = true }

  local function say(text)
    reaper.ShowMessageBox(text, TITLE, 0)
  end

  -- Gives where the question begins and ends in the project: the item, within the time selection if any.
  local function extent(item)
    local first = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    local last = first + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
    local from, to = reaper.GetSet_LoopTimeRange(false, false, 0, 0, false)
    if to > from and from < last and to > first then
      return math.max(first, from), math.min(last, to)
    end
    return first, last
  end

  local function of_midi(take, from, to)
    local bpm = reaper.TimeMap_GetDividedBpmAtTime(from)
    local zero, notes, pedals = reaper.TimeMap2_timeToQN(0, from), {}, {}
    local last = reaper.TimeMap2_timeToQN(0, to)
    local _, note_count, control_count = reaper.MIDI_CountEvts(take)
    for at = 0, note_count - 1 do
      local _, _, muted, opens, closes, channel, pitch, velocity = reaper.MIDI_GetNote(take, at)
      local start = reaper.MIDI_GetProjQNFromPPQPos(take, opens)
      if not muted and start >= zero - 1e-6 and start < last then
        local length = math.min(reaper.MIDI_GetProjQNFromPPQPos(take, closes), last) - start
        notes[#notes + 1] =
          { start = start - zero, length = length, pitch = pitch, velocity = velocity, channel = channel }
      end
    end
    for at = 0, control_count - 1 do
      local _, _, muted, position, kind, channel, number, value = reaper.MIDI_GetCC(take, at)
      local start = reaper.MIDI_GetProjQNFromPPQPos(take, position)
      if not muted and kind == 0xB0 and number == 64 and start >= zero and start < last then
        pedals[#pedals + 1] = { start = start - zero, value = value, channel = channel }
      end
    end
    if #notes == 0 then
      return nil, "There are no notes in it."
    end
    local path = take_name()
    write_file(path, midi_file(notes, pedals, bpm))
    return path, nil, nil, bpm, true
  end

  local function of_audio(item, take, from, to)
    local source = reaper.GetMediaItemTake_Source(take)
    local parent = reaper.GetMediaSourceParent(source) -- of a section, or of a reversed source
    local path = reaper.GetMediaSourceFileName(parent or source)
    if path == "" then
      return nil, "The item has no file."
    end
    local rate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
    local offset = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS")
    local opens = offset + (from - reaper.GetMediaItemInfo_Value(item, "D_POSITION")) * rate
    return path, opens, opens + (to - from) * rate
  end

  local function of_selection()
    local item = reaper.GetSelectedMediaItem(0, 0)
    local take = item and reaper.GetActiveTake(item)
    if not take then
      return nil, "Select an item."
    end
    local from, to = extent(item)
    if reaper.TakeIsMIDI(take) then
      return of_midi(take, from, to)
    end
    return of_audio(item, take, from, to)
  end

  -- No shell reads it: REAPER takes the words apart by itself.
  local function command_line(words)
    local parts = {}
    for at, word in ipairs(words) do
      parts[at] = '"' .. word:gsub('"', "") .. '"'
    end
    return table.concat(parts, " ")
  end

  local function choose(hits)
    local lines = {}
    for at, hit in ipairs(hits) do
      lines[at] = line_of(hit):gsub("|", "/")
    end
    gfx.init(TITLE, 0, 0, 0, reaper.GetMousePosition())
    gfx.x, gfx.y = gfx.mouse_x, gfx.mouse_y
    local chosen = gfx.showmenu(table.concat(lines, "|"))
    gfx.quit()
    return hits[chosen]
  end

  local function insert(hit)
    local path = hit.piece.path
    if not PLAYABLE[(path:match("%.(%w+)$") or ""):lower()] then
      say("REAPER does not open such files:\n" .. path)
      return
    end
    reaper.Undo_BeginBlock()
    reaper.InsertMedia(path, 1) -- on a new track, at the edit cursor
    reaper.Undo_EndBlock("CLaMP 3: insert " .. path, -1)
  end

  local path, from, to, bpm, ours = of_selection()
  if not path then
    say(from)
    return
  end
  local output = reaper.ExecProcess(command_line(question(path, from, to, bpm)), WAIT_MS) or "\n"
  local hits, said = read_answer(output:match("^[^\n]*\n(.*)$") or "")
  if ours then
    os.remove(path)
  end
  if #hits == 0 then
    say(said ~= "" and said or "Nothing was found. What clamp3 says: run clamp3 find in a terminal.")
    return
  end
  local hit = choose(hits)
  if hit then
    insert(hit)
  end
end

main()
