"""Looking after the policy in force: checking a change of its files, saving it, its history."""
