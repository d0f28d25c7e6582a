"""The pages that letters link to."""
