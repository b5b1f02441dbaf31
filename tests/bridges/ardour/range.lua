-- Runs the script of the editor without one: over a session that was recorded, with a range selected on one
-- track after the other. The selection and the dialog are stand-ins; regions, notes and bounces are Ardour's.
--   ardour7-lua range.lua FOLDER SCRIPT
io.stdout:setvbuf("no")
local backend = AudioEngine:set_backend("None (Dummy)", "", "")
backend:set_device_name("Silence")
assert(load_session(arg[1], "session"), "no session")

local function list(values)
  return {
    iter = function()
      local at = 0
      return function()
        at = at + 1
        return values[at]
      end
    end,
  }
end

function ardour() end
LuaDialog = {
  MessageType = {},
  ButtonType = {},
  Message = function(_, text)
    return {
      run = function()
        print(text)
      end,
    }
  end,
}
local file = assert(io.open(arg[2]))
assert(load(file:read("a")))()
file:close()

for route in Session:get_routes():iter() do
  if not route:to_track():isnil() then
    Editor = {
      get_selection = function()
        return {
          regions = {
            regionlist = function()
              return list({})
            end,
          },
          tracks = {
            routelist = function()
              return list({ route })
            end,
          },
          time = {
            start_time = function()
              return Temporal.timepos_t(0)
            end,
            end_time = function()
              return Temporal.timepos_t(48000 * 8)
            end,
          },
        }
      end,
    }
    print("== " .. route:name())
    factory()()
  end
end
close_session()
quit()
