"""A small fictitious world that ships with the package: publishers, two municipalities and an inbox."""
