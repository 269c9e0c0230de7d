"""Settings: environment CARDSVC_* over one TOML file, frozen."""
