"""Looking back at logged decisions: another policy's opinion of them, what came of them, and words for people."""
