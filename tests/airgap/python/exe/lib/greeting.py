"""Imported as `greeting`, through the `imports` attribute."""

GREETING = "hello"
