"""The bridge into REAPER: an action that asks with the selected item."""
