"""What the console shows of a case, an account and a decision, as values: no web page is known here."""
