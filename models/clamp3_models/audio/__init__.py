"""How mini hears: its own front end, from samples to what its audio tower reads."""
