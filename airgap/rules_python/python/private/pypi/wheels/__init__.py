"""Reads locks, fetches wheels and unpacks them: the part of pip.parse that Starlark can't do."""
