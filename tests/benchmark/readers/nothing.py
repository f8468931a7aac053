"""The floor: Python starts and ends."""
