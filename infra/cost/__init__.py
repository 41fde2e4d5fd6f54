"""What a load costs a month on AWS, line by line, and what it would cost the usual ways (docs/cost.md)."""
