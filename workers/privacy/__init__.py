"""What is held about a person: all of it told, or all of it gone."""
