"""Audio files: decoded in a worker to what the encoders hear, 24 kHz mono in [-1, 1]."""
