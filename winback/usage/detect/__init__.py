"""The two-channel drop detector: who uses the product less than their own past and the population explain."""
