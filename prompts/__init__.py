"""Words for the model and the customer, as files with versions and languages."""
