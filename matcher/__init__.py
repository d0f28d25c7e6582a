"""Find open EU funding calls for Swedish municipal committees and mail each the few that matter."""
