"""The device process: the only part of the server that imports torch. It runs jobs and knows no user."""
