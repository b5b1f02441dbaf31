"""Foreign parsers in a process of their own, with limits; knows no format."""
