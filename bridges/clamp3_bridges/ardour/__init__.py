"""The bridge into Ardour: scripts that ask with what is selected."""
