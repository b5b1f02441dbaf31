"""The user's indexed music: LanceDB keeps it, memory answers from it. Nothing else knows LanceDB."""
