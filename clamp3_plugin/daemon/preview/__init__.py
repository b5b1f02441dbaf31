"""Pictures of passages, and passages as files of their own."""
