"""Where a trial is granted and taken back."""
