"""A large collection into a library, on many machines: Ray spreads the work, Lance keeps what comes of it."""
