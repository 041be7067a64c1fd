"""Demo shops and a demo sign-in, so that the whole path can be tried without any partner."""
