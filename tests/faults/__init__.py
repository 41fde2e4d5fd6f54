"""The deployed function under faults: see docs/reliability.md."""
