"""The events of an account: monitored, stored, and saved automatically."""
