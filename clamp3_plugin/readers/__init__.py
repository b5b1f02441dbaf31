"""Files in, what an encoder reads out: one module per format, joined in ``registry``."""
