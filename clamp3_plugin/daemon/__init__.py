"""The daemon: one process that holds the model and the library."""
