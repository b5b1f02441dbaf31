-- Exports a session as a mix, without a window. It is a run of its own, since Ardour 7.3 may die of damaged memory as it
-- closes a session from which it exported.
--   ardour7-lua mix.lua FOLDER EXPORTS SECONDS
io.stdout:setvbuf("no")
local backend = AudioEngine:set_backend("None (Dummy)", "", "")
backend:set_device_name("Silence")
assert(load_session(arg[1], "session"), "no session")
local export = Session:simple_export()
export:set_folder(arg[2])
export:set_name("mix")
export:set_range(0, math.floor(tonumber(arg[3]) * 48000))
assert(export:run_export(), "no export")
export = nil
collectgarbage() -- it must not outlive its session
print("exported")
close_session()
quit()
