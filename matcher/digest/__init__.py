"""The letter: plan what a committee is told, render it, hand it to the mail server exactly once."""
