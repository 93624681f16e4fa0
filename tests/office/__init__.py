"""The back office, looked at and attacked."""
