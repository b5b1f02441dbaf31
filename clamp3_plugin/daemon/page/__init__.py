"""The local page: who may use it, and the files it is made of."""
