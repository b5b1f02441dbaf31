"""The bridge into Pure Data: the object [clamp3] and its help patch."""
