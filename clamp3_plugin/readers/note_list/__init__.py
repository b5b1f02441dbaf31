"""Notes as JSON, for programs that cannot write a file of the score that is open in them."""
