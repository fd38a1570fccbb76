"""What every web application of ours shares: who asks, how often, how much, how things are told."""
